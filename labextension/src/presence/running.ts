/** Trainings and searches in JupyterLab's own panel of what runs, beside kernels and terminals. */
import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { IRunningSessions } from '@jupyterlab/running';
import { Signal } from '@lumino/signaling';
import { trainingIcon } from '../icons';
import type { Experiment } from '../api/experiments';
import type { Job } from '../api/jobs';
import { CommandIds } from '../tokens';
import type { ITrainings } from '../tokens';

export class RunningTrainings implements IRunningSessions.IManager {
  constructor(
    private readonly app: Pick<JupyterFrontEnd, 'commands'>,
    private readonly trainings: ITrainings
  ) {
    const { trans } = trainings;
    this.name = trans.__('Trainings');
    this.shutdownLabel = trans.__('Stop');
    this.shutdownAllLabel = trans.__('Stop All');
    this.shutdownAllConfirmationText = trans.__('Ask every running training to stop? Each may save a checkpoint first.');
  }

  readonly name: string;
  readonly shutdownLabel: string;
  readonly shutdownAllLabel: string;
  readonly shutdownAllConfirmationText: string;
  readonly runningChanged = new Signal<this, void>(this);

  running(): IRunningSessions.IRunningItem[] {
    const { commands } = this.app;
    const searches = this._searches.map(search => ({
      icon: () => trainingIcon,
      label: () => search.name,
      labelTitle: () => `${search.name} · ${search.id}\n${search.sentence}`,
      context: search.id,
      open: () => void commands.execute(CommandIds.search, { experiment: search.id }),
      shutdown: () => void commands.execute(CommandIds.searchVerb, { verb: 'cancel', experiment: search.id })
    }));
    const jobs = this._jobs.map(job => ({
      icon: () => trainingIcon,
      label: () => job.name,
      labelTitle: () => `${job.name} · ${job.id}\n${job.sentence}`,
      context: job.id,
      open: () => {
        const detail = commands.hasCommand(CommandIds.detail);
        void commands.execute(detail ? CommandIds.detail : CommandIds.open, { job: job.id });
      },
      shutdown: () => void commands.execute(CommandIds.stop, { job: job.id })
    }));
    return [...searches, ...jobs];
  }

  shutdownAll(): void {
    const { commands } = this.app;
    this._searches.forEach(search => void commands.execute(CommandIds.searchVerb, { verb: 'cancel', experiment: search.id }));
    if (this._jobs.length > 0) {
      void commands.execute(CommandIds.stop, { jobs: this._jobs.map(job => job.id) });
    }
  }

  refreshRunning(): void {
    void this.trainings.session().then(session => session.refresh());
  }

  /** Show these; told only when they are others than before. */
  tell(jobs: readonly Job[], searches: readonly Experiment[] = []): void {
    const same = areSame(jobs, this._jobs) && areSame(searches, this._searches);
    this._jobs = jobs;
    this._searches = searches;
    if (!same) {
      this.runningChanged.emit();
    }
  }

  private _jobs: readonly Job[] = [];
  private _searches: readonly Experiment[] = [];
}

function areSame(some: readonly { readonly id: string }[], others: readonly { readonly id: string }[]): boolean {
  return some.length === others.length && some.every((one, at) => one.id === others[at]?.id);
}
