/**
 * The sidebar's widget. Lumino attaches a sidebar's widgets at start, hidden ones too; this one draws
 * nothing, loads nothing and listens to nothing until it is shown, and again once it is hidden.
 */
import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { INotebookTracker } from '@jupyterlab/notebook';
import type { IStateDB } from '@jupyterlab/statedb';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { Message } from '@lumino/messaging';
import { trainingIcon } from '../../icons';
import type { Session } from '../../model/session';
import { WhileShown } from '../../parts/WhileShown';
import { SIDEBAR_ID } from '../../tokens';
import type { Mounted } from './mount';

/** What a reload keeps of the panel. */
export interface Layout {
  readonly folded: readonly string[];
  readonly filter: string;
}

type Parts = [typeof import('./mount'), Session, Layout];

export class SidebarHost extends WhileShown<Parts, Mounted> {
  constructor(
    private readonly app: Pick<JupyterFrontEnd, 'commands' | 'shell'>,
    private readonly session: () => Promise<Session>,
    trans: TranslationBundle,
    private readonly notebooks: INotebookTracker | null = null,
    private readonly memory: Pick<IStateDB, 'fetch' | 'save'> | null = null
  ) {
    super(trans);
    this.id = SIDEBAR_ID;
    this.addClass('jp-Training');
    this.title.icon = trainingIcon;
    this.title.caption = trans.__('Training');
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', trans.__('Training'));
  }

  /** The jobs that are selected now. */
  get chosen(): readonly string[] {
    return this._chosen;
  }

  /** Put the focus into the filter box as soon as it is there; with a text, write that into it. */
  filter(text: string | null): void {
    this._filter = { text };
    this.drawn?.filter(text);
  }

  protected override onActivateRequest(message: Message): void {
    super.onActivateRequest(message);
    this._activated = true;
    this.drawn?.focus();
  }

  protected override load(): Promise<Parts> {
    return Promise.all([import('./mount'), this.session(), this._remembered()]);
  }

  protected override draw([{ mount }, session, layout]: Parts): Mounted {
    this._kept = layout;
    const drawn = mount(this.node, { session, trans: this.trans }, {
      app: this.app,
      notebooks: this.notebooks,
      layout,
      keep: changed => {
        this._kept = changed;
        void this.memory?.save(SIDEBAR_ID, { folded: [...changed.folded], filter: changed.filter });
      },
      choose: ids => {
        this._chosen = ids;
      }
    });
    if (this._filter !== null) {
      drawn.filter(this._filter.text);
    } else if (this._activated) {
      drawn.focus();
    }
    return drawn;
  }

  protected override clear(): void {
    super.clear();
    this._filter = null;
    this._activated = false;
    this._chosen = [];
  }

  private async _remembered(): Promise<Layout> {
    if (this._kept === null) {
      const found = await this.memory?.fetch(SIDEBAR_ID).catch(() => undefined);
      const { folded, filter } = (found ?? {}) as { folded?: unknown; filter?: unknown };
      return {
        folded: Array.isArray(folded) ? folded.filter((one): one is string => typeof one === 'string') : [],
        filter: typeof filter === 'string' ? filter : ''
      };
    }
    return this._kept;
  }

  private _kept: Layout | null = null;
  private _chosen: readonly string[] = [];
  private _activated = false;
  private _filter: { readonly text: string | null } | null = null;
}
