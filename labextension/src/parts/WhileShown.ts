/** A widget that draws, loads and listens only while it is shown, and again when it is shown again. */
import type { TranslationBundle } from '@jupyterlab/translation';
import type { IDisposable } from '@lumino/disposable';
import type { Message } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';
import { arrive } from './arrive';

export abstract class WhileShown<Parts, Drawn extends IDisposable> extends Widget {
  constructor(protected readonly trans: TranslationBundle) {
    super();
  }

  override dispose(): void {
    this.clear();
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
    this.clear();
  }

  protected override onBeforeDetach(message: Message): void {
    this.clear();
    super.onBeforeDetach(message);
  }

  /** Bring what it is drawn with. */
  protected abstract load(): Promise<Parts>;

  protected abstract draw(parts: Parts): Drawn;

  /** Take away what is drawn; called more than once. */
  protected clear(): void {
    this.drawn?.dispose();
    this.drawn = null;
  }

  /** Draw it as it is set now, if it is drawn at all. */
  protected drawAnew(): void {
    if (this.drawn !== null) {
      this.clear();
      void this._show();
    }
  }

  private async _show(): Promise<void> {
    const arrived = await arrive(this.node, this.trans, this.load());
    // It may have been hidden, or shown a second time, while the code was on its way.
    if (arrived !== null && this.isVisible && this.drawn === null) {
      this.drawn = this.draw(arrived);
    }
  }

  protected drawn: Drawn | null = null;
}
