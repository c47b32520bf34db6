/** A search in the main area, and what may be wished of one, as commands. Light: loads at start. */
import type { ILayoutRestorer, JupyterFrontEnd } from '@jupyterlab/application';
import { WidgetTracker } from '@jupyterlab/apputils';
import type { ICommandPalette } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { ReadonlyJSONObject, ReadonlyPartialJSONObject } from '@lumino/coreutils';
import type { ExperimentVerb } from '../api/experiments';
import { trainingIcon } from '../icons';
import type { Session } from '../model/session';
import type { SearchHost } from '../panels/search/host';
import { CommandIds, NAME } from '../tokens';
import { doorsOf } from './doors';

/** What a command does: to a search, or with the best of its trials. */
export type SearchAct = ExperimentVerb | 'open' | 'clone';

/** A search's line in the sidebar. */
const ROW = '.jp-Training-item[data-experiment]';

/** On a button or in a row's menu, in the palette, and what it means. */
export function searchWords(trans: TranslationBundle): Readonly<Record<SearchAct, readonly [string, string, string]>> {
  return {
    open: [trans.__('Open'), trans.__('Open a Search…'), trans.__('Show the trials, curves and space of a search')],
    pause: [trans.__('Pause'), trans.__('Pause a Search…'), trans.__('Start no more trials, and pause those that can go on from a checkpoint')],
    activate: [trans.__('Activate'), trans.__('Activate a Search…'), trans.__('Let a paused search go on')],
    cancel: [trans.__('Stop'), trans.__('Stop a Search…'), trans.__('Start no more trials, and stop those that run')],
    kill: [trans.__('Kill'), trans.__('Kill a Search…'), trans.__('End all of its trials at once, without checkpoints')],
    extend: [trans.__('Extend…'), trans.__('Extend a Search…'), trans.__('Let it try more configurations')],
    retry_failed: [trans.__('Retry Failed'), trans.__('Retry the Failed Trials of a Search…'), trans.__('Try the failed trials again, and only those')],
    clone: [trans.__('Clone Best into Cell'), trans.__('Clone the Best Trial of a Search into a Cell…'), trans.__('Put a cell with the configuration of the best trial into the notebook')],
    archive: [trans.__('Archive'), trans.__('Archive a Search…'), trans.__('Take it out of the lists; nothing of it is lost')],
    unarchive: [trans.__('Unarchive'), trans.__('Unarchive a Search…'), trans.__('Put it into the lists again')],
    delete: [trans.__('Delete…'), trans.__('Delete a Search…'), trans.__('Delete its record and all of its trials; asks first')]
  };
}

interface Around {
  readonly palette: Pick<ICommandPalette, 'addItem'> | null;
  readonly restorer: ILayoutRestorer | null;
  /** The session where it has been loaded. */
  readonly known: () => Session | null;
}

export function addSearch(app: JupyterFrontEnd, session: () => Promise<Session>, trans: TranslationBundle, { palette, restorer, known }: Around): void {
  const { commands, shell } = app;
  const tracker = new WidgetTracker<SearchHost>({ namespace: `${NAME}-search` });
  const all = searchWords(trans);
  const category = trans.__('Training');

  /** The search that a command is about; null when somebody must choose. */
  const meant = (args: ReadonlyPartialJSONObject): string | null => {
    if (args.row === true) {
      const focused = document.activeElement;
      const node = focused instanceof HTMLElement && focused.matches(ROW) ? focused : app.contextMenuHitTest(one => one.matches(ROW));
      return node?.dataset.experiment ?? null;
    }
    return typeof args.experiment === 'string' ? args.experiment : null;
  };
  const choose = async (act: SearchAct): Promise<string | null> => {
    const { chooseSearch } = await import('./searching');
    return (await chooseSearch(await session(), trans, act))?.id ?? null;
  };

  const open = async (id: string, tab: unknown): Promise<SearchHost> => {
    const { SearchHost } = await import('../panels/search/host');
    let widget = tracker.find(one => one.search === id);
    if (widget === undefined) {
      widget = new SearchHost({ search: id, session, trans, doors: doorsOf(commands) });
      const made = widget;
      made.tabChanged.connect(() => void tracker.save(made));
      await tracker.add(made);
    }
    widget.turnTo(tab);
    if (!widget.isAttached) {
      shell.add(widget, 'main', { type: 'Training' });
    }
    // Notebook 7 has one document in its main area and takes no second; it has a sidebar at the right.
    if (widget.parent === null && !('mode' in shell)) {
      shell.add(widget, 'right', { type: 'Training' });
    }
    shell.activateById(widget.id);
    return widget;
  };
  const described = (name: string): { args: ReadonlyJSONObject } => ({
    args: {
      type: 'object',
      properties: {
        experiment: { type: 'string', description: trans.__('Id of a search; without it, you choose one') },
        row: { type: 'boolean', description: trans.__('Mean the row under the context menu, or with the focus') },
        [name]: { type: 'string' }
      }
    }
  });
  commands.addCommand(CommandIds.search, {
    label: args => (meant(args) === null ? all.open[1] : all.open[0]),
    caption: all.open[2],
    icon: trainingIcon,
    describedBy: described('tab'),
    execute: async args => {
      const id = meant(args) ?? (await choose('open'));
      return id === null ? undefined : open(id, args.tab);
    }
  });
  void restorer?.restore(tracker, {
    command: CommandIds.search,
    args: widget => ({ experiment: widget.search, tab: widget.tab }),
    name: widget => widget.search
  });

  const actOf = (args: ReadonlyPartialJSONObject): SearchAct | null =>
    typeof args.verb === 'string' && args.verb in all ? (args.verb as SearchAct) : null;
  /** Of a search that is not known here the server says why not. */
  const fits = (args: ReadonlyPartialJSONObject): boolean => {
    const act = actOf(args);
    const search = known()?.state.experiments.get(meant(args) ?? '');
    return act !== null && (search === undefined || act === 'open' || (act === 'clone' ? search.best !== null : search.verbs.includes(act)));
  };
  commands.addCommand(CommandIds.searchVerb, {
    label: args => {
      const words = all[actOf(args) ?? 'open'];
      return meant(args) === null ? words[1] : words[0];
    },
    caption: args => all[actOf(args) ?? 'open'][2],
    describedBy: described('verb'),
    isEnabled: fits,
    isVisible: fits,
    execute: async args => {
      const act = actOf(args);
      if (act === 'clone') {
        const id = meant(args) ?? (await choose(act));
        const held = await session();
        if (id !== null && !held.state.experiments.has(id)) {
          await held.loadExperiment(id);
        }
        const best = held.state.experiments.get(id ?? '')?.best;
        if (best) {
          await commands.execute(CommandIds.clone, { job: best.job });
        }
      }
      if (act !== null && act !== 'open' && act !== 'clone') {
        const { wishOf } = await import('./searching');
        await wishOf(await session(), trans, act, meant(args), args.ask !== true);
      }
    }
  });
  palette?.addItem({ command: CommandIds.search, category });
  for (const verb of Object.keys(all).filter(act => act !== 'open')) {
    palette?.addItem({ command: CommandIds.searchVerb, args: { verb }, category });
  }
}
