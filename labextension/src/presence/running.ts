/** Trainings in JupyterLab's own panel of what runs, beside kernels and terminals. */
import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { IRunningSessions } from '@jupyterlab/running';
import { Signal } from '@lumino/signaling';
import { trainingIcon } from '../icons';
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
    return this._jobs.map(job => ({
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
  }

  shutdownAll(): void {
    void this.app.commands.execute(CommandIds.stop, { jobs: this._jobs.map(job => job.id) });
  }

  refreshRunning(): void {
    void this.trainings.session().then(session => session.refresh());
  }

  /** Show these; told only when they are others than before. */
  tell(jobs: readonly Job[]): void {
    const same = jobs.length === this._jobs.length && jobs.every((job, at) => job.id === this._jobs[at]?.id);
    this._jobs = jobs;
    if (!same) {
      this.runningChanged.emit();
    }
  }

  private _jobs: readonly Job[] = [];
}
