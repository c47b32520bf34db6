/**
 * A job's widget in the main area. Hidden, it draws nothing and asks for nothing; what it was set to is
 * kept until it is shown again.
 */
import type { IEditorServices } from '@jupyterlab/codeeditor';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { Message } from '@lumino/messaging';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';
import { Widget } from '@lumino/widgets';
import { trainingIcon } from '../../icons';
import type { Session } from '../../model/session';
import { short } from '../../model/wording';
import { arrive } from '../../parts/arrive';
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

export class DetailHost extends Widget {
  constructor(private readonly options: DetailOptions) {
    super();
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
    if (this._mounted !== null) {
      this._hide();
      void this._show();
    }
  }

  /** Called by what it draws, once it knows. */
  readonly named = (name: string): void => {
    const { trans, job } = this.options;
    this.title.label = name;
    this.title.caption = trans.__('Training %1', `${name} · ${job}`);
    this.node.setAttribute('aria-label', trans.__('Training %1', name));
  };

  override dispose(): void {
    this._hide();
    super.dispose();
  }

  protected override onCloseRequest(message: Message): void {
    super.onCloseRequest(message);
    this.dispose();
  }

  protected override onAfterShow(message: Message): void {
    super.onAfterShow(message);
    void this._show();
  }

  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    if (this.isVisible) {
      void this._show();
    }
  }

  protected override onAfterHide(message: Message): void {
    super.onAfterHide(message);
    this._hide();
  }

  protected override onBeforeDetach(message: Message): void {
    this._hide();
    super.onBeforeDetach(message);
  }

  protected override onActivateRequest(message: Message): void {
    super.onActivateRequest(message);
    const tab = this.node.querySelector<HTMLElement>('[role=tab][aria-selected=true]');
    (tab ?? this.node).focus();
  }

  private async _show(): Promise<void> {
    const { trans } = this.options;
    const arrived = await arrive(this.node, trans, Promise.all([import('./mount'), this.options.session()]));
    // It may have been hidden, or shown a second time, while the code was on its way.
    if (arrived !== null && this.isVisible && this._mounted === null) {
      const [{ mount }, session] = arrived;
      this._mounted = mount(this, { session, trans }, this.options, this._recall);
    }
  }

  private _hide(): void {
    this._mounted?.dispose();
    this._mounted = null;
  }

  private _tab: Tab = 'overview';
  private _mounted: Mounted | null = null;
  private readonly _recall: Recall = new Map();
  private readonly _tabChanged = new Signal<this, Tab>(this);
}
