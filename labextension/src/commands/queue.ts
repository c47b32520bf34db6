/** The queues in the main area, and what changes a job's place, as commands. Light: loads at start. */
import type { ILayoutRestorer, JupyterFrontEnd } from '@jupyterlab/application';
import { WidgetTracker } from '@jupyterlab/apputils';
import type { ICommandPalette } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import { trainingIcon } from '../icons';
import type { Session } from '../model/session';
import type { QueueHost } from '../panels/queue/host';
import { CommandIds, NAME } from '../tokens';
import type { Acting } from './acts';

type Args = ReadonlyPartialJSONObject;

export function addQueue(
  app: JupyterFrontEnd,
  session: () => Promise<Session>,
  trans: TranslationBundle,
  { palette, restorer }: { readonly palette: Pick<ICommandPalette, 'addItem'> | null; readonly restorer: ILayoutRestorer | null }
): void {
  const { commands, shell } = app;
  const tracker = new WidgetTracker<QueueHost>({ namespace: `${NAME}-queue` });
  commands.addCommand(CommandIds.queue, {
    label: args => (typeof args.pool === 'string' ? trans.__('Show the Queue of %1', args.pool) : trans.__('Show the Training Queue')),
    caption: trans.__('What waits and what runs, in the order in which it is served, and what changes it'),
    icon: trainingIcon,
    describedBy: {
      args: { type: 'object', properties: { pool: { type: 'string', description: trans.__('Name of a pool; without it, the one that was shown last') } } }
    },
    execute: async args => {
      const { QueueHost } = await import('../panels/queue/host');
      let widget = tracker.currentWidget;
      if (widget === null || widget.isDisposed) {
        widget = new QueueHost({ app, session, trans });
        const made = widget;
        made.poolChanged.connect(() => void tracker.save(made));
        await tracker.add(made);
      }
      if (typeof args.pool === 'string') {
        widget.pool = args.pool;
      }
      if (!widget.isAttached) {
        shell.add(widget, 'main', { type: 'Training' });
      }
      // Notebook 7 has one document in its main area and takes no second; it has a sidebar at the right.
      if (widget.parent === null && !('mode' in shell)) {
        shell.add(widget, 'right', { type: 'Training' });
      }
      shell.activateById(widget.id);
      return widget;
    }
  });
  palette?.addItem({ command: CommandIds.queue, category: trans.__('Training') });
  void restorer?.restore(tracker, {
    command: CommandIds.queue,
    args: widget => (widget.pool === null ? {} : { pool: widget.pool }),
    name: () => 'queue'
  });
}

/** Manage, to the top, to the bottom. */
export function addPlaces({ app, session, known, trans, palette, meant, describedBy }: Acting): void {
  const { commands } = app;
  const about = (args: Args): boolean => args.row === true || args.job !== undefined || args.jobs !== undefined;
  /** Only what waits or runs has a place; of a job that is not known here the server says why not. */
  const stands = (args: Args): boolean =>
    !about(args) || (meant(args) ?? []).some(id => ['queued', 'running', undefined].includes(known()?.state.jobs.get(id)?.state));
  commands.addCommand(CommandIds.manage, {
    label: args => (about(args) ? trans.__('Manage…') : trans.__('Manage a Training in the Queue…')),
    caption: trans.__('Change its priority or weight, its pool and its position'),
    describedBy,
    isEnabled: stands,
    isVisible: stands,
    execute: async args => {
      const { manageAndSay } = await import(/* webpackChunkName: "queue" */ './manage');
      await manageAndSay(await session(), trans, meant(args));
    }
  });
  palette?.addItem({ command: CommandIds.manage, category: trans.__('Training') });
  for (const [id, end, short, full, caption] of [
    [CommandIds.toTop, 'top', trans.__('Move to the Top'), trans.__('Move a Training to the Top…'), trans.__('Before all of the same priority')],
    [
      CommandIds.toBottom,
      'bottom',
      trans.__('Move to the Bottom'),
      trans.__('Move a Training to the Bottom…'),
      trans.__('Behind all of the same priority')
    ]
  ] as const) {
    commands.addCommand(id, {
      label: args => (about(args) ? short : full),
      caption,
      describedBy,
      isEnabled: stands,
      isVisible: stands,
      execute: async args => {
        const [{ moved }, { say, oneOf }] = await Promise.all([import(/* webpackChunkName: "queue" */ './moving'), import(/* webpackChunkName: "acts" */ './manage')]);
        const ids = await oneOf(await session(), trans, meant(args), trans.__('Move which training?'), trans.__('Move'));
        if (ids.length > 0) {
          say(trans, await moved(await session(), trans, ids, end === 'top' ? { top: true } : { bottom: true }));
        }
      }
    });
    palette?.addItem({ command: id, category: trans.__('Training') });
  }
}
