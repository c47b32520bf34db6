/**
 * What is said of trainings outside of our panels: the count in the status bar, notifications, the
 * running panel, the launcher. Here are only the empty places; they are filled once the session is there.
 *
 * A page that never showed a training asks the server nothing. One that has seen some unfinished notes
 * that in the browser, so that after a reload it looks by itself.
 */
import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { ILauncher } from '@jupyterlab/launcher';
import type { IRunningSessionManagers } from '@jupyterlab/running';
import type { ISettingRegistry } from '@jupyterlab/settingregistry';
import type { IStatusBar } from '@jupyterlab/statusbar';
import { CommandIds, NAME, PLUGIN_ID } from '../tokens';
import type { ITrainings } from '../tokens';
import { RunningTrainings } from './running';
import { StatusItem } from './status';

export function addPresence(
  app: JupyterFrontEnd,
  trainings: ITrainings,
  registry: ISettingRegistry | null,
  bar: IStatusBar | null,
  managers: IRunningSessionManagers | null,
  launcher: ILauncher | null
): void {
  const { trans } = trainings;
  launcher?.add({ command: CommandIds.open, args: { launcher: true }, category: trans.__('Other'), rank: 20 });

  const status = new StatusItem(trans, () => void app.commands.execute(CommandIds.open));
  bar?.registerStatusItem(`${NAME}:status`, {
    item: status,
    align: 'left',
    rank: 80,
    isActive: () => status.isActive,
    activeStateChanged: status.activeStateChanged
  });

  const running = new RunningTrainings(app, trainings);
  managers?.add(running);

  const key = `${NAME}:unfinished:${app.serviceManager.serverSettings.baseUrl}`;
  trainings.whenLoaded(session => {
    void (async () => {
      const [{ attend }, settings] = await Promise.all([
        import('./attend'),
        registry?.load(PLUGIN_ID).catch(() => null) ?? null
      ]);
      const note = (unfinished: boolean): void => {
        if (unfinished) {
          localStorage.setItem(key, 'yes');
        } else {
          localStorage.removeItem(key);
        }
      };
      attend({ app, session, trans, settings, status, running, hasBar: bar !== null, note });
    })();
  });
  if (localStorage.getItem(key) !== null) {
    void app.restored.then(trainings.session);
  }
}
