/** A search's widget in the main area. Hidden, it draws nothing and asks for nothing; what it was set to is kept. */
import type { TranslationBundle } from '@jupyterlab/translation';
import type { Message } from '@lumino/messaging';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';
import { trainingIcon } from '../../icons';
import type { Session } from '../../model/session';
import { short } from '../../model/wording';
import { WhileShown } from '../../parts/WhileShown';
import type { Doors } from '../../renderers/job/doors';
import type { Recall } from '../detail/recall';
import type { Mounted } from './mount';

export const TABS = ['overview', 'configuration'] as const;
export type Tab = (typeof TABS)[number];

export interface SearchOptions {
  readonly search: string;
  readonly session: () => Promise<Session>;
  readonly trans: TranslationBundle;
  readonly doors: Doors;
}

type Parts = [typeof import('./mount'), Session];

export class SearchHost extends WhileShown<Parts, Mounted> {
  constructor(private readonly options: SearchOptions) {
    super(options.trans);
    const { search, trans } = options;
    this.id = `jupyter-training-search-${search}`;
    this.addClass('jp-Training');
    this.addClass('jp-Training-main');
    this.title.icon = trainingIcon;
    this.title.closable = true;
    this.title.label = short(search);
    this.title.caption = trans.__('Search %1', search);
    this.node.tabIndex = -1;
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', this.title.caption);
  }

  get search(): string {
    return this.options.search;
  }

  get tab(): Tab {
    return this._tab;
  }

  /** Emitted with the new tab, whoever chose it. */
  get tabChanged(): ISignal<this, Tab> {
    return this._tabChanged;
  }

  /** Show this tab; anything else than a tab's name changes nothing. */
  turnTo(tab: unknown): void {
    const known = TABS.find(one => one === tab);
    if (known !== undefined && known !== this._tab) {
      this._tab = known;
      this._tabChanged.emit(known);
    }
  }

  /** Called by what it draws, once it knows. */
  readonly named = (name: string): void => {
    const { trans, search } = this.options;
    this.title.label = name;
    this.title.caption = trans.__('Search %1', `${name} · ${search}`);
    this.node.setAttribute('aria-label', trans.__('Search %1', name));
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
