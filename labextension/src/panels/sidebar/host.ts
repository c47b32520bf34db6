/**
 * The sidebar's widget. Lumino attaches a sidebar's widgets at start, hidden ones too; this one draws
 * nothing, loads nothing and listens to nothing until it is shown, and again once it is hidden.
 */
import type { TranslationBundle } from '@jupyterlab/translation';
import type { Message } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';
import { trainingIcon } from '../../icons';
import type { Session } from '../../model/session';
import { SIDEBAR_ID } from '../../tokens';
import type { Mounted } from './mount';

export class SidebarHost extends Widget {
  constructor(
    private readonly session: () => Promise<Session>,
    private readonly trans: TranslationBundle
  ) {
    super();
    this.id = SIDEBAR_ID;
    this.addClass('jp-Training');
    this.title.icon = trainingIcon;
    this.title.caption = trans.__('Training');
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', trans.__('Training'));
  }

  override dispose(): void {
    this._hide();
    super.dispose();
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
    const [{ mount }, session] = await Promise.all([import('./mount'), this.session()]);
    // It may have been hidden, or shown a second time, while the code was on its way.
    if (this.isVisible && this._mounted === null) {
      this._mounted = mount(this.node, { session, trans: this.trans });
    }
  }

  private _hide(): void {
    this._mounted?.dispose();
    this._mounted = null;
  }

  private _mounted: Mounted | null = null;
}
