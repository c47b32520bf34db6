/**
 * The sidebar's widget. Lumino attaches a sidebar's widgets at start, hidden ones too; this one draws
 * nothing, loads nothing and listens to nothing until it is shown, and again once it is hidden.
 */
import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { INotebookTracker } from '@jupyterlab/notebook';
import type { IStateDB } from '@jupyterlab/statedb';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { Message } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';
import { trainingIcon } from '../../icons';
import type { Session } from '../../model/session';
import { arrive } from '../../parts/arrive';
import { SIDEBAR_ID } from '../../tokens';
import type { Mounted } from './mount';

/** What a reload keeps of the panel. */
export interface Layout {
  readonly folded: readonly string[];
  readonly filter: string;
}

export class SidebarHost extends Widget {
  constructor(
    private readonly app: Pick<JupyterFrontEnd, 'commands' | 'shell'>,
    private readonly session: () => Promise<Session>,
    private readonly trans: TranslationBundle,
    private readonly notebooks: INotebookTracker | null = null,
    private readonly memory: Pick<IStateDB, 'fetch' | 'save'> | null = null
  ) {
    super();
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
    this._mounted?.filter(text);
  }

  override dispose(): void {
    this._hide();
    super.dispose();
  }

  protected override onActivateRequest(message: Message): void {
    super.onActivateRequest(message);
    this._activated = true;
    this._mounted?.focus();
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

  private async _show(): Promise<void> {
    const parts = Promise.all([import('./mount'), this.session(), this._remembered()]);
    const arrived = await arrive(this.node, this.trans, parts);
    // It may have been hidden, or shown a second time, while the code was on its way.
    if (arrived === null || !this.isVisible || this._mounted !== null) {
      return;
    }
    const [{ mount }, session, layout] = arrived;
    this._kept = layout;
    this._mounted = mount(this.node, { session, trans: this.trans }, {
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
      this._mounted.filter(this._filter.text);
    } else if (this._activated) {
      this._mounted.focus();
    }
  }

  private _hide(): void {
    this._mounted?.dispose();
    this._mounted = null;
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

  private _mounted: Mounted | null = null;
  private _kept: Layout | null = null;
  private _chosen: readonly string[] = [];
  private _activated = false;
  private _filter: { readonly text: string | null } | null = null;
}
