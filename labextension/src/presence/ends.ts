/** Says that a job or a search has ended: of the reader's own, and only of those that this page has seen unfinished. */
import { Notification } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import { info } from '../api/jobs';
import type { Experiment } from '../api/experiments';
import type { Job } from '../api/jobs';
import type { Session } from '../model/session';
import { isEnded } from '../model/select';
import type { State } from '../model/state';
import { short } from '../model/wording';
import { CommandIds } from '../tokens';
import type { Wanted } from './attend';

/** More ends than these in one look are said together. */
const SINGLY = 3;
const SHOWN_MS = 10_000;

/** A failure stays longer, yet not for ever over the notebook; the bell in the status bar keeps it. */
const FAILURE_SHOWN_MS = 30_000;

/** So many are asked for when a snapshot lacks what was unfinished before; of more the end goes unsaid. */
const ASKED_FOR = 10;

type Ended = Job | Experiment;

export class Ends {
  constructor(
    private readonly commands: CommandRegistry,
    private readonly session: Session,
    private readonly trans: TranslationBundle,
    private readonly wanted: () => Wanted
  ) {}

  /** Look for what was unfinished at the look before. Trials are their search's. */
  look(state: State): void {
    if (state.store !== this._store) {
      this._store = state.store;
      this._unfinished.clear();
      this._searches.clear();
      this._user = null;
    }
    const over: Ended[] = [];
    for (const id of this._unfinished) {
      const job = state.experiments.get(id) ?? state.jobs.get(id); // a search has the id of the job that drives it
      if (job === undefined) {
        // A snapshot lacks it: it has ended unseen, or was removed. The answer comes with a later look.
        if (state.missing.has(id) || this._asked.size >= ASKED_FOR) {
          this._unfinished.delete(id);
          this._asked.delete(id);
        } else if (!this._asked.has(id)) {
          this._asked.add(id);
          (this._searches.has(id) ? this.session.loadExperiment(id) : this.session.load(id)).catch(() => undefined);
        }
      } else {
        this._asked.delete(id);
        if (isEnded(job)) {
          this._unfinished.delete(id);
          over.push(job);
        }
      }
    }
    for (const job of state.jobs.values()) {
      if (!isEnded(job) && job.experiment === null) {
        this._unfinished.add(job.id);
      }
    }
    for (const search of state.experiments.values()) {
      this._searches.add(search.id);
      if (!isEnded(search)) {
        this._unfinished.add(search.id);
      }
    }
    if (over.length > 0 && this.wanted() !== 'none') {
      void this._own(over).then(own => this._say(own));
    }
  }

  /** Those of the reader; all, where the server does not say who that is. */
  private async _own(jobs: readonly Ended[]): Promise<readonly Ended[]> {
    this._user ??= info(this.session.settings).then(
      found => found.user,
      () => null
    );
    const user = await this._user;
    return user === null ? jobs : jobs.filter(job => job.user === user);
  }

  private _say(jobs: readonly Ended[]): void {
    const wanted = this.wanted();
    const worth = jobs.filter(
      job => job.state === 'failed' || (wanted === 'all' && job.state === 'succeeded') // who stops a job knows it
    );
    if (wanted === 'none' || worth.length === 0) {
      return;
    }
    const { trans } = this;
    if (worth.length > SINGLY) {
      const failed = worth.filter(job => job.state === 'failed').length;
      const words = trans.__('%1 trainings have ended: %2 succeeded, %3 failed.', worth.length, worth.length - failed, failed);
      Notification.emit(words, failed > 0 ? 'warning' : 'success', {
        autoClose: SHOWN_MS,
        actions: [{ label: trans.__('Show'), callback: () => void this.commands.execute(CommandIds.open) }]
      });
      return;
    }
    for (const job of worth) {
      const failed = job.state === 'failed';
      Notification.emit(`${job.name} · ${short(job.id)}: ${job.sentence}`, failed ? 'error' : 'success', {
        autoClose: failed ? FAILURE_SHOWN_MS : SHOWN_MS,
        actions: this._actions(job)
      });
    }
  }

  private _actions(job: Ended): Notification.IAction[] {
    const { trans, commands } = this;
    if (this._searches.has(job.id)) {
      const open = { label: trans.__('Open'), callback: () => void commands.execute(CommandIds.search, { experiment: job.id }) };
      const clone = { label: trans.__('Clone Best'), callback: () => void commands.execute(CommandIds.searchVerb, { verb: 'clone', experiment: job.id }) };
      return 'best' in job && job.best !== null ? [open, clone] : [open];
    }
    const offered: readonly [string, string][] = [
      [CommandIds.detail, trans.__('Open')],
      [CommandIds.log, trans.__('Log')],
      [CommandIds.clone, trans.__('Clone')]
    ];
    return offered
      .filter(([command]) => commands.hasCommand(command))
      .map(([command, label]) => ({ label, callback: () => void commands.execute(command, { job: job.id }) }));
  }

  private _store: string | null = null;
  private _user: Promise<string | null> | null = null;
  private readonly _unfinished = new Set<string>();
  private readonly _searches = new Set<string>();
  private readonly _asked = new Set<string>();
}
