/** A job's widget in the main area; see `Tabbed`. */
import type { IEditorServices } from '@jupyterlab/codeeditor';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { Session } from '../../model/session';
import { Tabbed } from '../../parts/Tabbed';
import type { Doors } from '../../renderers/job/doors';
import type { Mounted } from './mount';
import type { Tab } from './tabs';

export interface DetailOptions {
  readonly job: string;
  readonly session: () => Promise<Session>;
  readonly trans: TranslationBundle;
  readonly doors: Doors;
  readonly editors: IEditorServices | null;
}

type Parts = [typeof import('./mount'), Session];

export class DetailHost extends Tabbed<Tab, Parts, Mounted> {
  constructor(private readonly options: DetailOptions) {
    const { job, trans } = options;
    super(trans, 'detail', job, words => trans.__('Training %1', words), 'overview');
  }

  get job(): string {
    return this.options.job;
  }

  /** Set what a view is set to; a view that is drawn is drawn anew. */
  recall(name: string, value: unknown): void {
    this.recalled.set(name, value);
    this.drawAnew();
  }

  protected override load(): Promise<Parts> {
    return Promise.all([import('./mount'), this.options.session()]);
  }

  protected override draw([{ mount }, session]: Parts): Mounted {
    return mount(this, { session, trans: this.trans }, this.options, this.recalled);
  }
}
