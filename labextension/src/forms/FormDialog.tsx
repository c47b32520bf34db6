/**
 * A dialogue with a form, which stays open until the server has taken what the form sends.
 *
 * What was refused is said in it, and nothing typed is lost by that. Enter sends, Escape leaves, and the
 * focus goes back where it was. While an answer is awaited nothing is sent twice.
 */
import { Dialog, ReactWidget } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { UUID } from '@lumino/coreutils';
import { troubleFrom } from '../api/http';
import type { Trouble } from '../api/http';
import { keptFocus } from '../parts/focus';

/** What the form's fields are given. */
export interface FormView<D> {
  readonly draft: D;
  /** Take what somebody typed; the rest of the newest draft stays. */
  readonly change: (news: Partial<D>) => void;
  /** Whether it was tried to send it: only then what is missing is said. */
  readonly tried: boolean;
  /** Why the last try was refused. It is said above the fields, unless `isPlaced` says that they say it. */
  readonly refusal: Trouble | null;
}

export interface FormOptions<D, T> {
  readonly title: string;
  /** On the button that sends. */
  readonly ok: string;
  /** Whether something is lost by sending it. */
  readonly takes?: boolean;
  /** What the fields hold at first. */
  readonly draft: D;
  readonly body: (view: FormView<D>) => JSX.Element;
  /** Whether it is right. Where not, nothing is sent and the first field with `aria-invalid` has the focus. */
  readonly validate?: (draft: D) => boolean;
  /** Whether there is something to send yet; until then the button is off, and Enter does nothing. */
  readonly isReady?: (draft: D) => boolean;
  readonly isPlaced?: (refusal: Trouble) => boolean;
  /** `key` names this very draft: sending it again, after an answer that got lost, makes no second job. */
  readonly send: (draft: D, key: string) => Promise<T>;
  readonly trans: TranslationBundle;
}

/** Show it until it is left or has sent. What the server answered, or null where it was left. */
export async function askForm<D extends object, T>(options: FormOptions<D, T>): Promise<T | null> {
  const giveBack = keptFocus();
  const form = new Form(options);
  const dialog = new FormDialog(form, options.isReady ?? (() => true), {
    title: options.title,
    body: form,
    focusNodeSelector: '.jp-Training-form :is(input, select, textarea)',
    buttons: [Dialog.cancelButton(), (options.takes ? Dialog.warnButton : Dialog.okButton)({ label: options.ok })]
  });
  await dialog.launch();
  dialog.dispose();
  giveBack();
  return form.answer;
}

class FormDialog<D extends object, T> extends Dialog<null> {
  constructor(
    private readonly form: Form<D, T>,
    isReady: (draft: D) => boolean,
    options: Partial<Dialog.IOptions<null>>
  ) {
    super(options);
    this.addClass('jp-Training-dialog');
    form.told = (draft, isBusy) => {
      this.toggleClass('jp-mod-busy', isBusy);
      for (const button of this.node.querySelectorAll<HTMLButtonElement>('.jp-Dialog-footer .jp-mod-accept')) {
        button.disabled = !isReady(draft);
      }
    };
    form.change({});
  }

  override resolve(index?: number): void {
    if (index === 0) {
      super.resolve(index);
      return;
    }
    void this.form.send().then(sent => {
      if (sent) {
        super.resolve(1);
      }
    });
  }
}

class Form<D extends object, T> extends ReactWidget {
  constructor(private readonly options: FormOptions<D, T>) {
    super();
    this.addClass('jp-Training');
    this._draft = options.draft;
  }

  /** Of the server; null until it has come. */
  get answer(): T | null {
    return this._answer;
  }

  /** Called after each change. */
  told: (draft: D, isBusy: boolean) => void = () => undefined;

  readonly change = (news: Partial<D>): void => {
    this._draft = { ...this._draft, ...news };
    this._key = newKey();
    this._show();
  };

  /** Check and send. Whether it was taken; else the form says why not. */
  async send(): Promise<boolean> {
    const { validate, isReady, send } = this.options;
    if (this._busy || !(isReady?.(this._draft) ?? true)) {
      return false;
    }
    this._tried = true;
    if (!(validate?.(this._draft) ?? true)) {
      this._show();
      requestAnimationFrame(() => this.node.querySelector<HTMLElement>('[aria-invalid=true]')?.focus());
      return false;
    }
    this._busy = true;
    this._refusal = null;
    this._show();
    try {
      this._answer = await send(this._draft, this._key);
      return true;
    } catch (reason) {
      this._refusal = troubleFrom(reason);
      return false;
    } finally {
      this._busy = false;
      this._show();
    }
  }

  protected override render(): JSX.Element {
    const { body, isPlaced, trans } = this.options;
    const refusal = this._refusal;
    return (
      <form className="jp-Training-form" aria-busy={this._busy} onSubmit={event => event.preventDefault()}>
        {refusal !== null && !isPlaced?.(refusal) && (
          <p className="jp-Training-refusal" role="alert" ref={toSight}>
            {refusal.message}
          </p>
        )}
        {body({ draft: this._draft, change: this.change, tried: this._tried, refusal })}
        <span className="jp-Training-unseen" role="status">
          {this._busy ? trans.__('Sending…') : ''}
        </span>
      </form>
    );
  }

  private _show(): void {
    if (!this.isDisposed) {
      this.told(this._draft, this._busy);
      this.update();
    }
  }

  private _draft: D;
  private _answer: T | null = null;
  private _tried = false;
  private _busy = false;
  private _refusal: Trouble | null = null;
  private _key = newKey();
}

/** A long form may be scrolled away from what is said above it. */
function toSight(node: HTMLElement | null): void {
  node?.scrollIntoView?.({ block: 'nearest' });
}

function newKey(): string {
  return UUID.uuid4().replace(/-/g, '');
}
