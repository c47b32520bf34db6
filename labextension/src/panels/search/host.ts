/** A search's widget in the main area; see `Tabbed`. */
import type { TranslationBundle } from '@jupyterlab/translation';
import type { Session } from '../../model/session';
import { Tabbed } from '../../parts/Tabbed';
import type { Doors } from '../../renderers/job/doors';
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

export class SearchHost extends Tabbed<Tab, Parts, Mounted> {
  constructor(private readonly options: SearchOptions) {
    const { search, trans } = options;
    super(trans, 'search', search, words => trans.__('Search %1', words), 'overview');
  }

  get search(): string {
    return this.options.search;
  }

  /** Show this tab; anything else than a tab's name changes nothing. */
  turnTo(tab: unknown): void {
    this.tab = TABS.find(one => one === tab) ?? this.tab;
  }

  protected override load(): Promise<Parts> {
    return Promise.all([import('./mount'), this.options.session()]);
  }

  protected override draw([{ mount }, session]: Parts): Mounted {
    return mount(this, { session, trans: this.trans }, this.options, this.recalled);
  }
}
