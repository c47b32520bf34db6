/** The dialogue for what is kept of a job's checkpoints. It lists what would go while one chooses, and only then it goes. */
import { Dialog, ReactWidget } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { useEffect, useId, useState } from 'react';
import { retention } from '../../api/checkpoints';
import type { CheckpointList, Keep, Policy, Retention } from '../../api/checkpoints';
import { troubleFrom } from '../../api/http';
import type { Job } from '../../api/jobs';
import { FormDialog } from '../../forms/FormDialog';
import { Row } from '../../forms/ScriptForm';
import { ranked } from '../../model/select';
import type { Session } from '../../model/session';
import { figure } from '../../model/wording';
import { bytes } from '../../renderers/job/words';

const PAUSE_MS = 200;

/** Whether another policy was applied. */
export async function retain(session: Session, trans: TranslationBundle, job: Job, list: CheckpointList): Promise<boolean> {
  const form = new Form(session, trans, job, { keep: list.keep, metric: list.metric, mode: list.mode });
  const dialog = new FormDialog(form, {
    title: trans.__('What is kept of %1', job.name),
    body: form,
    focusNodeSelector: '.jp-Training-form input',
    buttons: [Dialog.cancelButton(), Dialog.warnButton({ label: trans.__('Keep Only These') })]
  });
  form.allow = isReady => dialog.allow(isReady);
  form.allow(false);
  await dialog.run();
  return form.applied;
}

class Form extends ReactWidget {
  constructor(
    private readonly session: Session,
    private readonly trans: TranslationBundle,
    private readonly job: Job,
    private _policy: Policy
  ) {
    super();
    this.addClass('jp-Training');
  }

  applied = false;
  allow: (isReady: boolean) => void = () => undefined;

  async send(): Promise<boolean> {
    if (this._busy || this._listed !== this._policy) {
      return false;
    }
    this._busy = true;
    try {
      this.applied = (await retention(this.session.settings, this.job.id, this._policy, true)).applied;
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
      <View
        session={this.session}
        trans={this.trans}
        job={this.job}
        policy={this._policy}
        refusal={this._refusal}
        change={policy => {
          this._policy = policy;
          this._refusal = null;
          this.allow(false);
          this.update();
        }}
        listed={policy => {
          this._listed = policy;
          this.allow(policy === this._policy);
        }}
      />
    );
  }

  private _busy = false;
  private _listed: Policy | null = null; // what the list that is shown was asked for
  private _refusal: string | null = null;
}

interface ViewProps {
  readonly session: Session;
  readonly trans: TranslationBundle;
  readonly job: Job;
  readonly policy: Policy;
  readonly refusal: string | null;
  readonly change: (policy: Policy) => void;
  /** What goes under this policy is on the screen. */
  readonly listed: (policy: Policy) => void;
}

function View({ session, trans, job, policy, refusal, change, listed }: ViewProps): JSX.Element {
  const id = useId();
  const answer = useWouldGo(session, job, policy);
  const found = answer?.found ?? null;
  const wrong = refusal ?? answer?.trouble ?? null;
  useEffect(() => {
    if (answer !== null && answer.found !== null) {
      listed(answer.policy);
    }
  }, [answer]);
  const metrics = [...new Set([...(policy.metric === null ? [] : [policy.metric]), ...ranked(job.metrics)])];
  const keep = (name: keyof Keep, label: string, help: string): JSX.Element => (
    <Row label={label} id={`${id}-${name}`} help={help} wrong={null}>
      {described => (
        <input
          {...described}
          type="number"
          min={0}
          value={policy.keep[name]}
          onChange={event => change({ ...policy, keep: { ...policy.keep, [name]: Math.max(0, Math.floor(Number(event.target.value))) } })}
        />
      )}
    </Row>
  );
  return (
    <form className="jp-Training-form" onSubmit={event => event.preventDefault()}>
      {keep('trial_latest', trans.__('newest'), trans.__('of this training'))}
      {keep('trial_best', trans.__('best'), trans.__('of this training, by the metric below'))}
      {job.experiment !== null && keep('experiment_best', trans.__('best of all'), trans.__('of its experiment'))}
      <Row label={trans.__('metric')} id={`${id}-metric`} wrong={null}>
        {described => (
          <select {...described} value={policy.metric ?? ''} onChange={event => change({ ...policy, metric: event.target.value === '' ? null : event.target.value })}>
            <option value="">{trans.__('none')}</option>
            {metrics.map(name => (
              <option key={name}>{name}</option>
            ))}
          </select>
        )}
      </Row>
      <Row label={trans.__('better is')} id={`${id}-mode`} wrong={null}>
        {described => (
          <select {...described} value={policy.mode} onChange={event => change({ ...policy, mode: event.target.value === 'max' ? 'max' : 'min' })}>
            <option value="min">{trans.__('smaller')}</option>
            <option value="max">{trans.__('larger')}</option>
          </select>
        )}
      </Row>
      <fieldset aria-live="polite" aria-busy={answer?.policy !== policy} className="jp-Training-goes">
        <legend>{trans.__('What would go')}</legend>
        {wrong !== null ? (
          <p className="jp-Training-refusal" role="alert">
            {wrong}
          </p>
        ) : found === null ? (
          <p className="jp-Training-faint">…</p>
        ) : found.go.length === 0 ? (
          <p className="jp-Training-faint">
            {trans._n('Nothing: %1 stays.', 'Nothing: all %1 stay.', found.stay.length)}
          </p>
        ) : (
          <>
            <p>
              {trans._n('%1 checkpoint goes, and %2 are free; %3 stay.', '%1 checkpoints go, and %2 are free; %3 stay.', found.go.length, bytes(found.bytes), found.stay.length)}
            </p>
            <ul>
              {found.go.map(one => (
                <li key={one.name}>
                  {trans.__('step %1', figure(one.step))} · {bytes(one.size)}
                  {one.metric !== null && ` · ${figure(one.metric)}`}
                </li>
              ))}
            </ul>
          </>
        )}
      </fieldset>
    </form>
  );
}

/** What the server said of one policy. */
interface Answer {
  readonly policy: Policy;
  readonly found: Retention | null;
  readonly trouble: string | null;
}

/** The newest answer; it may be that to an earlier policy. */
function useWouldGo(session: Session, job: Job, policy: Policy): Answer | null {
  const [answer, setAnswer] = useState<Answer | null>(null);
  useEffect(() => {
    const control = new AbortController();
    const timer = window.setTimeout(() => {
      retention(session.settings, job.id, policy, false, control.signal).then(
        found => {
          if (!control.signal.aborted) {
            setAnswer({ policy, found, trouble: null });
          }
        },
        (reason: unknown) => {
          if (!control.signal.aborted) {
            setAnswer({ policy, found: null, trouble: troubleFrom(reason).message });
          }
        }
      );
    }, PAUSE_MS);
    return () => {
      window.clearTimeout(timer);
      control.abort();
    };
  }, [session, job.id, policy]);
  return answer;
}
