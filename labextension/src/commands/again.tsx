/** Fork, Continue and Extend: the dialogue, what is sent, and what the server says to it. */
import { Dialog, Notification, ReactWidget } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { checkpoints as listOf, extend, fork, goOn } from '../api/checkpoints';
import type { Checkpoint } from '../api/checkpoints';
import { troubleFrom } from '../api/http';
import type { Trouble } from '../api/http';
import { show } from '../api/jobs';
import type { Job } from '../api/jobs';
import { AgainForm } from '../forms/AgainForm';
import type { Draft, Kind } from '../forms/AgainForm';
import { FormDialog, newKey } from '../forms/FormDialog';
import { wrongName } from '../forms/ScriptForm';
import { typed } from '../forms/fields';
import { changed } from '../forms/params';
import type { Session } from '../model/session';
import { yaml } from '../panels/detail/yaml';
import { chooseFor } from './choose';

/** What of a job's spec is worth changing; the rest may be written too. */
const SHOWN = ['resources', 'timeout', 'grace', 'retries', 'checkpoints', 'pause_within', 'hang', 'metrics', 'tags'];

/**
 * Ask for what is to be other, and train again. The id of the job that trains; null when it was left.
 *
 * @param checkpoint name of the one to continue from, where it was chosen already
 */
export async function again(
  session: Session,
  trans: TranslationBundle,
  kind: Kind,
  id: string | null,
  checkpoint: string | null
): Promise<string | null> {
  const { settings } = session;
  const words = wordsOf(kind, trans);
  try {
    const chosen = id ?? (await chooseFor(session, trans, kind, words.which, words.ok));
    if (chosen === null) {
      return null;
    }
    const [job, list] = await Promise.all([show(settings, chosen), kind === 'continue' ? listOf(settings, chosen) : null]);
    const good = (list?.checkpoints ?? []).filter(one => one.state === 'kept');
    if (kind === 'continue' && good.length === 0) {
      Notification.warning(trans.__('%1 has no checkpoint that it could continue from. A fork begins without one.', job.name));
      return null;
    }
    const form = new Form(session, trans, kind, job, good, checkpoint);
    await new FormDialog(form, {
      title: trans.__('%1 %2', words.ok, job.name),
      body: form,
      focusNodeSelector: '.jp-Training-form :is(input, select)',
      buttons: [Dialog.cancelButton(), Dialog.okButton({ label: words.ok })]
    }).run();
    if (form.made !== null && form.notes.length > 0) {
      Notification.info(form.notes.join(' '), { autoClose: 8000 });
    }
    return form.made;
  } catch (reason) {
    Notification.error(troubleFrom(reason).message);
    return null;
  }
}

export class Form extends ReactWidget {
  constructor(
    private readonly session: Session,
    private readonly trans: TranslationBundle,
    private readonly kind: Kind,
    private readonly job: Job,
    private readonly checkpoints: readonly Checkpoint[],
    checkpoint: string | null
  ) {
    super();
    this.addClass('jp-Training');
    this._config = configOf(job);
    this._draft = {
      name: '',
      params: Object.fromEntries(Object.entries(job.params).map(([name, value]) => [name, typed(value)])),
      config: this._config,
      checkpoint: checkpoint ?? checkpoints[0]?.name ?? null
    };
  }

  /** Of the job that trains now; null until then. */
  get made(): string | null {
    return this._made;
  }

  get notes(): readonly string[] {
    return this._notes;
  }

  /** Check and send. Whether it was taken; else the form says why not. */
  async send(): Promise<boolean> {
    const params = changed(this._draft.params, this.job.params);
    if (this._busy || params === null || wrongName(this.trans, this._draft.name) !== null) {
      this.node.querySelector<HTMLElement>('[aria-invalid=true]')?.focus();
      return false;
    }
    this._busy = true;
    this._refusal = null;
    try {
      const { job, notes } = await this._sent(params);
      this.session.take([job]);
      this._made = job.id;
      this._notes = notes;
      return true;
    } catch (reason) {
      this._refusal = troubleFrom(reason);
      this.update();
      return false;
    } finally {
      this._busy = false;
    }
  }

  protected override render(): JSX.Element {
    return (
      <AgainForm
        kind={this.kind}
        job={this.job}
        checkpoints={this.checkpoints}
        draft={this._draft}
        change={draft => {
          this._draft = draft;
          this._key = newKey();
          this.update();
        }}
        refusal={this._refusal}
        trans={this.trans}
      />
    );
  }

  private _sent(params: Readonly<Record<string, unknown>>): ReturnType<typeof fork> {
    const { settings } = this.session;
    if (this.kind === 'extend') {
      return extend(settings, this.job.id, { key: this._key, params });
    }
    const { name, config, checkpoint } = this._draft;
    const wish = {
      key: this._key,
      name: name === '' ? null : name,
      params,
      config: config === this._config ? null : { text: config, name: 'config' }
    };
    return this.kind === 'fork' ? fork(settings, this.job.id, wish) : goOn(settings, this.job.id, wish, checkpoint);
  }

  private _draft: Draft;
  private _made: string | null = null;
  private _notes: readonly string[] = [];
  private _busy = false;
  private _refusal: Trouble | null = null;
  private _key = newKey();
  private readonly _config: string;
}

/** What is worth changing of a job's config, as YAML; what has no value is left out. */
export function configOf(job: Job): string {
  const given = SHOWN.flatMap(key => {
    const value = shorn(job.spec?.[key]);
    return value === undefined ? [] : [[key, value] as const];
  });
  return `${yaml({ pool: job.pool, priority: job.priority, ...Object.fromEntries(given) }).trim()}\n`;
}

/** A value without its empty parts; undefined where nothing is left. */
function shorn(value: unknown): unknown {
  if (value === null || value === undefined || (Array.isArray(value) && value.length === 0)) {
    return undefined;
  }
  if (typeof value !== 'object' || Array.isArray(value)) {
    return value;
  }
  const parts = Object.entries(value).flatMap(([key, part]) => {
    const left = shorn(part);
    return left === undefined ? [] : [[key, left] as const];
  });
  return parts.length === 0 ? undefined : Object.fromEntries(parts);
}

function wordsOf(kind: Kind, trans: TranslationBundle): { readonly ok: string; readonly which: string } {
  switch (kind) {
    case 'fork':
      return { ok: trans.__('Fork'), which: trans.__('Fork which training?') };
    case 'continue':
      return { ok: trans.__('Continue'), which: trans.__('Continue from a checkpoint of which training?') };
    case 'extend':
      return { ok: trans.__('Extend'), which: trans.__('Extend which training?') };
  }
}
