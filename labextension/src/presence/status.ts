/** "Training: 2 running, 3 queued" in the status bar; not there while nothing runs or waits. */
import type { TranslationBundle } from '@jupyterlab/translation';
import { Signal } from '@lumino/signaling';
import type { ISignal } from '@lumino/signaling';
import { Widget } from '@lumino/widgets';

export class StatusItem extends Widget {
  constructor(
    private readonly trans: TranslationBundle,
    open: () => void
  ) {
    super();
    this.addClass('jp-Training-status');
    this._button.type = 'button';
    this._button.title = trans.__('Show Trainings');
    this._button.addEventListener('click', open);
    this.node.append(this._button);
  }

  get isActive(): boolean {
    return this._words !== '';
  }

  get activeStateChanged(): ISignal<this, void> {
    return this._changed;
  }

  /** Say so many; nothing when there are none. */
  tell(running: number, queued: number): void {
    const { trans } = this;
    const words = [
      ...(running > 0 ? [trans._n('%1 running', '%1 running', running)] : []),
      ...(queued > 0 ? [trans._n('%1 queued', '%1 queued', queued)] : [])
    ].join(', ');
    if (words !== this._words) {
      this._words = words;
      this._button.textContent = words === '' ? '' : trans.__('Training: %1', words);
      this._changed.emit();
    }
  }

  private _words = '';
  private readonly _button = document.createElement('button');
  private readonly _changed = new Signal<this, void>(this);
}
