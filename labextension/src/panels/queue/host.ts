/** The queues' widget in the main area. Hidden, it draws nothing and asks for nothing; the pool that it shows is kept. */
import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { Message } from '@lumino/messaging';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';
import { trainingIcon } from '../../icons';
import type { Session } from '../../model/session';
import { WhileShown } from '../../parts/WhileShown';
import type { Mounted } from './mount';

export const QUEUE_ID = 'jupyter-training-queue';

export interface QueueOptions {
  readonly app: Pick<JupyterFrontEnd, 'commands' | 'shell'>;
  readonly session: () => Promise<Session>;
  readonly trans: TranslationBundle;
}

type Parts = [typeof import('./mount'), Session];

export class QueueHost extends WhileShown<Parts, Mounted> {
  constructor(private readonly options: QueueOptions) {
    super(options.trans);
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

  protected override onCloseRequest(message: Message): void {
    super.onCloseRequest(message);
    this.dispose();
  }

  protected override onActivateRequest(message: Message): void {
    super.onActivateRequest(message);
    const row = this.node.querySelector<HTMLElement>('[role=row][tabindex="0"]');
    (row ?? this.node).focus();
  }

  protected override load(): Promise<Parts> {
    return Promise.all([import(/* webpackChunkName: "queue" */ './mount'), this.options.session()]);
  }

  protected override draw([{ mount }, session]: Parts): Mounted {
    return mount(this, { session, trans: this.trans }, this.options.app);
  }

  private _pool: string | null = null;
  private readonly _poolChanged = new Signal<this, string | null>(this);
}
