/** The dialogue behind "Train…" on a Python file: its parameters, and what the server says to them. */
import { Dialog, Notification, ReactWidget } from '@jupyterlab/apputils';
import type { KernelSpec } from '@jupyterlab/services';
import type { TranslationBundle } from '@jupyterlab/translation';
import { troubleFrom } from '../api/http';
import { pools as allPools } from '../api/jobs';
import { script as scriptOf, submitScript } from '../api/scripts';
import type { Script, ScriptSubmit } from '../api/scripts';
import { FormDialog, newKey } from '../forms/FormDialog';
import { ScriptForm, isRight } from '../forms/ScriptForm';
import type { Draft, FormProps } from '../forms/ScriptForm';
import { atFirst, checked, words } from '../forms/fields';
import type { Session } from '../model/session';

/** Ask for the parameters of the script at that path and train with it. The job's id, or null when it was left. */
export async function trainFile(
  session: Session,
  kernelspecs: KernelSpec.IManager,
  trans: TranslationBundle,
  path: string | null
): Promise<string | null> {
  if (path === null) {
    Notification.info(trans.__('Select one Python file in the file browser first.'), { autoClose: 4000 });
    return null;
  }
  try {
    const [script, pools] = await Promise.all([scriptOf(session.settings, path), allPools(session.settings), kernelspecs.ready]);
    const form = new Form(session, script, pools.map(pool => pool.name), kernelsOf(kernelspecs.specs), trans);
    const dialog = new FormDialog(form, {
      title: trans.__('Train %1', path.replace(/.*\//, '')),
      body: form,
      focusNodeSelector: '.jp-Training-form :is(input, select)',
      buttons: [Dialog.cancelButton(), Dialog.okButton({ label: trans.__('Train') })]
    });
    await dialog.run();
    return form.job;
  } catch (reason) {
    Notification.error(troubleFrom(reason).message);
    return null;
  }
}

export class Form extends ReactWidget {
  constructor(
    private readonly session: Session,
    private readonly script: Script,
    private readonly pools: readonly string[],
    private readonly kernels: FormProps['kernels'],
    private readonly trans: TranslationBundle
  ) {
    super();
    this.addClass('jp-Training');
    this._draft = {
      given: Object.fromEntries(script.parameters.map(one => [one.name, atFirst(one)])),
      name: '',
      pool: pools[0] ?? 'local',
      priority: '',
      kernel: kernels[0]?.name ?? ''
    };
  }

  /** Of the job that was made; null until then. */
  get job(): string | null {
    return this._job;
  }

  /** Check and send. Whether a job was made; else the form says why not. */
  async send(): Promise<boolean> {
    this._tried = true;
    this._refusal = null;
    if (this._busy || !isRight(this.script, this._draft, this.trans)) {
      this.update();
      this._toWrong();
      return false;
    }
    this._busy = true;
    try {
      const { job } = await submitScript(this.session.settings, wish(this.script, this._draft, this._key, this.pools));
      this._job = job.id;
      return true;
    } catch (reason) {
      this._refusal = troubleFrom(reason).message;
      this.update();
      return false;
    } finally {
      this._busy = false;
    }
  }

  protected override render(): JSX.Element {
    return (
      <ScriptForm
        script={this.script}
        draft={this._draft}
        change={draft => {
          this._draft = draft;
          this._key = newKey();
          this.update();
        }}
        pools={this.pools}
        kernels={this.kernels}
        tried={this._tried}
        refusal={this._refusal}
        trans={this.trans}
      />
    );
  }

  private _toWrong(): void {
    requestAnimationFrame(() => this.node.querySelector<HTMLElement>('[aria-invalid=true]')?.focus());
  }

  private _draft: Draft;
  private _job: string | null = null;
  private _tried = false;
  private _busy = false;
  private _refusal: string | null = null;
  /** Sending the same wish again, after an answer that got lost, makes no second job. */
  private _key = newKey();
}

function wish(script: Script, draft: Draft, key: string, pools: readonly string[]): ScriptSubmit {
  const given = script.parameters.map(parameter => {
    const result = checked(parameter, draft.given[parameter.name] ?? null);
    return [parameter, result.ok ? result.value : undefined] as const;
  });
  const { params, args } = words(given, script.notes);
  return {
    path: script.path,
    params,
    args,
    name: draft.name === '' ? null : draft.name,
    pool: pools.length > 1 ? draft.pool : null,
    priority: draft.priority.trim() === '' ? null : Number(draft.priority),
    kernel: draft.kernel === '' ? null : draft.kernel,
    key
  };
}

/** Kernels of Python, the usual one first. */
function kernelsOf(specs: KernelSpec.ISpecModels | null): FormProps['kernels'] {
  const found = Object.values(specs?.kernelspecs ?? {}).flatMap(spec =>
    spec?.language.toLowerCase() === 'python' ? [{ name: spec.name, title: spec.display_name }] : []
  );
  return found.sort((a, b) => Number(b.name === specs?.default) - Number(a.name === specs?.default));
}
