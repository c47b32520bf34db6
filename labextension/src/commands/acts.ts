/** What may be wished of a job, as commands: for palette, menus and keys. Light: loads at start. */
import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { ICommandPalette } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import type { Act } from '../model/select';
import type { Session } from '../model/session';
import { CommandIds } from '../tokens';

type Args = ReadonlyPartialJSONObject;

export interface Acting {
  readonly app: Pick<JupyterFrontEnd, 'commands'>;
  readonly session: () => Promise<Session>;
  /** The session where it has been loaded. */
  readonly known: () => Session | null;
  readonly trans: TranslationBundle;
  readonly palette: Pick<ICommandPalette, 'addItem'> | null;
  /** The jobs that a command is about; null when somebody must choose. */
  readonly meant: (args: Args) => readonly string[] | null;
  readonly describedBy: CommandRegistry.ICommandOptions['describedBy'];
}

export function addActs({ app, session, known, trans, palette, meant, describedBy }: Acting): void {
  const { commands } = app;
  const acts: readonly (readonly [string, Act, string, string, string])[] = [
    [
      CommandIds.pause,
      'pause',
      trans.__('Pause'),
      trans.__('Pause a Training…'),
      trans.__('Let it save a checkpoint and give its slots back; it goes on when it is activated')
    ],
    [
      CommandIds.activate,
      'activate',
      trans.__('Activate'),
      trans.__('Activate a Training…'),
      trans.__('Let a paused training go on from its newest checkpoint')
    ],
    [CommandIds.stop, 'cancel', trans.__('Stop'), trans.__('Stop a Training…'), trans.__('Ask it to stop; it may save a checkpoint first')],
    [CommandIds.kill, 'kill', trans.__('Kill'), trans.__('Kill a Training…'), trans.__('End it at once, without a checkpoint')],
    [CommandIds.retry, 'retry', trans.__('Retry'), trans.__('Retry a Training…'), trans.__('Try the same training again, from its newest checkpoint')],
    [
      CommandIds.extend,
      'extend',
      trans.__('Extend…'),
      trans.__('Extend a Training…'),
      trans.__('Train the same training further, with other parameters')
    ],
    [
      CommandIds.continue,
      'continue',
      trans.__('Continue from a Checkpoint…'),
      trans.__('Continue a Training from a Checkpoint…'),
      trans.__('A new training that begins with the weights of this one')
    ],
    [CommandIds.fork, 'fork', trans.__('Fork…'), trans.__('Fork a Training…'), trans.__('A new training with its code and another config, without weights')],
    [CommandIds.archive, 'archive', trans.__('Archive'), trans.__('Archive a Training…'), trans.__('Take it out of the lists; nothing of it is lost')],
    [CommandIds.unarchive, 'unarchive', trans.__('Unarchive'), trans.__('Unarchive a Training…'), trans.__('Put it into the lists again')],
    [CommandIds.delete, 'delete', trans.__('Delete…'), trans.__('Delete a Training…'), trans.__('Delete its record, checkpoints and logs; asks first')]
  ];
  for (const [id, act, short, full, caption] of acts) {
    /** Of a command that says which jobs; the others ask. */
    const about = (args: Args): boolean => args.row === true || args.job !== undefined || args.jobs !== undefined;
    const fits = (args: Args): boolean => {
      const ids = about(args) ? (meant(args) ?? []) : null;
      const alone = act === 'fork' || act === 'continue' || act === 'extend';
      return ids === null || ((!alone || ids.length === 1) && ids.some(one => known()?.allows(one, act) ?? true));
    };
    commands.addCommand(id, {
      label: args => (about(args) ? short : full),
      caption,
      describedBy,
      isEnabled: fits,
      isVisible: fits,
      execute: async args => {
        const ids = meant(args);
        if (act === 'fork' || act === 'continue' || act === 'extend') {
          const { again } = await import('./again');
          const made = await again(await session(), trans, act, ids?.[0] ?? null, typeof args.checkpoint === 'string' ? args.checkpoint : null);
          if (made !== null && act !== 'extend' && commands.hasCommand(CommandIds.detail)) {
            await commands.execute(CommandIds.detail, { job: made, tab: 'overview' });
          }
          return;
        }
        const { wish } = await import('./wish');
        await wish(await session(), trans, act, ids);
      }
    });
    palette?.addItem({ command: id, category: trans.__('Training') });
  }
}
