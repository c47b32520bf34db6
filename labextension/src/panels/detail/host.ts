/**
 * A job's widget in the main area. Hidden, it draws nothing and asks for nothing; what it was set to is
 * kept until it is shown again.
 */
import type { IEditorServices } from '@jupyterlab/codeeditor';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { Message } from '@lumino/messaging';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';
import { trainingIcon } from '../../icons';
import type { Session } from '../../model/session';
import { short } from '../../model/wording';
import { WhileShown } from '../../parts/WhileShown';
import type { Doors } from '../../renderers/job/doors';
import type { Mounted } from './mount';
import type { Recall } from './recall';
import type { Tab } from './tabs';

export interface DetailOptions {
  readonly job: string;
  readonly session: () => Promise<Session>;
  readonly trans: TranslationBundle;
  readonly doors: Doors;
  readonly editors: IEditorServices | null;
}

type Parts = [typeof import('./mount'), Session];

export class DetailHost extends WhileShown<Parts, Mounted> {
  constructor(private readonly options: DetailOptions) {
    super(options.trans);
    const { job, trans } = options;
    this.id = `jupyter-training-detail-${job}`;
    this.addClass('jp-Training');
    this.addClass('jp-Training-main');
    this.title.icon = trainingIcon;
    this.title.closable = true;
    this.title.label = short(job);
    this.title.caption = trans.__('Training %1', job);
    this.node.tabIndex = -1;
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', this.title.caption);
  }

  get job(): string {
    return this.options.job;
  }

  get tab(): Tab {
    return this._tab;
  }

  set tab(tab: Tab) {
    if (tab !== this._tab) {
      this._tab = tab;
      this._tabChanged.emit(tab);
    }
  }

  /** Emitted with the new tab, whoever chose it. */
  get tabChanged(): ISignal<this, Tab> {
    return this._tabChanged;
  }

  /** Set what a view is set to; a view that is drawn is drawn anew. */
  recall(name: string, value: unknown): void {
    this._recall.set(name, value);
    this.drawAnew();
  }

  /** Called by what it draws, once it knows. */
  readonly named = (name: string): void => {
    const { trans, job } = this.options;
    this.title.label = name;
    this.title.caption = trans.__('Training %1', `${name} · ${job}`);
    this.node.setAttribute('aria-label', trans.__('Training %1', name));
  };

  protected override onCloseRequest(message: Message): void {
    super.onCloseRequest(message);
    this.dispose();
  }

  protected override onActivateRequest(message: Message): void {
    super.onActivateRequest(message);
    const tab = this.node.querySelector<HTMLElement>('[role=tab][aria-selected=true]');
    (tab ?? this.node).focus();
  }

  protected override load(): Promise<Parts> {
    return Promise.all([import('./mount'), this.options.session()]);
  }

  protected override draw([{ mount }, session]: Parts): Mounted {
    return mount(this, { session, trans: this.trans }, this.options, this._recall);
  }

  private _tab: Tab = 'overview';
  private readonly _recall: Recall = new Map();
  private readonly _tabChanged = new Signal<this, Tab>(this);
}
