/**
 * The output's widget: loads the live card's code, and shows what was saved where that card does not come soon.
 * Notebooks attach and detach outputs as they scroll.
 */
import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { Message } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';
import type { Session } from '../../model/session';
import { JOB_MIME, SEARCH_MIME } from '../../tokens';
import type { Doors } from './doors';
import type { Mount, Mounted } from './mount';
import { readReference } from './reference';
import type { Reference } from './reference';

/** So long what was saved keeps its place unseen: of a short job it would flash by before the live card. */
const PATIENCE_MS = 400;

export class JobOutput extends Widget implements IRenderMime.IRenderer {
  constructor(
    private readonly session: () => Promise<Session>,
    private readonly trans: TranslationBundle,
    private readonly sanitizer: IRenderMime.ISanitizer,
    private readonly doors: Doors | null = null,
    private readonly patience = PATIENCE_MS
  ) {
    super();
    this.addClass('jp-Training');
    this.addClass('jp-Training-output');
  }

  async renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    const reference = readReference(model.data[this.mime], this.of);
    this._model = model;
    this._html = text(model.data['text/html']);
    this._plain = text(model.data['text/plain']);
    if (reference?.job === this._reference?.job && reference?.store === this._reference?.store && this._mounted) {
      return; // the saved text changed, the job did not: the live card goes on
    }
    this._unmount();
    this._reference = reference;
    this._saved(this.node);
    if (this.isAttached) {
      this._hold();
      await this._mount();
    }
  }

  /** What of an output says what it is of, and the code that draws it live. */
  protected readonly mime: string = JOB_MIME;
  protected readonly of: 'job' | 'experiment' = 'job';
  protected async load(): Promise<Mount> {
    return (await import('./mount')).mount;
  }

  override dispose(): void {
    this._unmount();
    super.dispose();
  }

  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    this._hold();
    void this._mount();
  }

  protected override onBeforeDetach(message: Message): void {
    this._unmount();
    super.onBeforeDetach(message);
  }

  /** Keeps what was saved out of sight for a moment, in which the live card may come. */
  private _hold(): void {
    this._show();
    if (this._reference !== null) {
      this._due = Date.now() + this.patience;
      this.node.style.visibility = 'hidden';
      this._timer = window.setTimeout(() => this._show(), this.patience);
    }
  }

  private _show(): void {
    window.clearTimeout(this._timer);
    this.node.style.visibility = '';
  }

  private async _mount(): Promise<void> {
    const reference = this._reference;
    if (reference === null || this._mounted) {
      return;
    }
    const [mount, session] = await Promise.all([this.load(), this.session()]);
    if (this.isAttached && !this._mounted && this._reference === reference) {
      this.node.textContent = '';
      this._show();
      const output = { reference, saved: this._saved, due: this._due, model: () => this._model };
      this._mounted = mount(this.node, { session, trans: this.trans }, this.doors, output);
    }
  }

  private _unmount(): void {
    this._show();
    this._mounted?.dispose();
    this._mounted = null;
  }

  private readonly _saved = (node: HTMLElement): void => {
    if (this._html === '') {
      node.textContent = this._plain;
    } else {
      node.innerHTML = this.sanitizer.sanitize(this._html);
    }
  };

  private _html = '';
  private _plain = '';
  private _due = 0;
  private _timer: number | undefined;
  private _model: IRenderMime.IMimeModel | null = null;
  private _reference: Reference | null = null;
  private _mounted: Mounted | null = null;
}

/** The same for a search. */
export class SearchOutput extends JobOutput {
  protected override readonly mime = SEARCH_MIME;
  protected override readonly of = 'experiment';
  protected override async load(): Promise<Mount> {
    return (await import('../search/mount')).mount;
  }
}

/** Saved outputs hold texts as one string or as lines. */
function text(of: unknown): string {
  return Array.isArray(of) ? of.join('') : typeof of === 'string' ? of : '';
}
