/** The queues' widget in the main area. Hidden, it draws nothing and asks for nothing; the pool that it shows is kept. */
import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { Message } from '@lumino/messaging';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';
import { Widget } from '@lumino/widgets';
import { trainingIcon } from '../../icons';
import type { Session } from '../../model/session';
import { arrive } from '../../parts/arrive';
import type { Mounted } from './mount';

export const QUEUE_ID = 'jupyter-training-queue';

export interface QueueOptions {
  readonly app: Pick<JupyterFrontEnd, 'commands' | 'shell'>;
  readonly session: () => Promise<Session>;
  readonly trans: TranslationBundle;
}

export class QueueHost extends Widget {
  constructor(private readonly options: QueueOptions) {
    super();
    const { trans } = options;
    this.id = QUEUE_ID;
    this.addClass('jp-Training');
    this.addClass('jp-Training-main');
    this.title.icon = trainingIcon;
    this.title.closable = true;
    this.title.label = trans.__('Training queue');
    this.title.caption = trans.__('What waits and what runs, in the order in which it is served');
    this.node.tabIndex = -1;
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', this.title.label);
  }

  /** The pool that is shown; null: the default one. */
  get pool(): string | null {
    return this._pool;
  }

  set pool(pool: string | null) {
    if (pool !== this._pool) {
      this._pool = pool;
      this._poolChanged.emit(pool);
    }
  }

  /** Emitted with the new pool, whoever chose it. */
  get poolChanged(): ISignal<this, string | null> {
    return this._poolChanged;
  }

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
    const row = this.node.querySelector<HTMLElement>('[role=row][tabindex="0"]');
    (row ?? this.node).focus();
  }

  private async _show(): Promise<void> {
    const { app, trans, session: load } = this.options;
    const arrived = await arrive(this.node, trans, Promise.all([import(/* webpackChunkName: "moves" */ './mount'), load()]));
    // It may have been hidden, or shown a second time, while the code was on its way.
    if (arrived !== null && this.isVisible && this._mounted === null) {
      const [{ mount }, session] = arrived;
      this._mounted = mount(this, { session, trans }, app);
    }
  }

  private _hide(): void {
    this._mounted?.dispose();
    this._mounted = null;
  }

  private _pool: string | null = null;
  private _mounted: Mounted | null = null;
  private readonly _poolChanged = new Signal<this, string | null>(this);
}
