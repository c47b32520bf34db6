/** The dialogue for what is kept of a job's checkpoints. It lists what would go while one chooses, and only then it goes. */
import type { TranslationBundle } from '@jupyterlab/translation';
import { useEffect, useId, useState } from 'react';
import { retention } from '../../api/checkpoints';
import type { CheckpointList, Keep, Policy, Retention } from '../../api/checkpoints';
import { troubleFrom } from '../../api/http';
import type { Job } from '../../api/jobs';
import { askForm } from '../../forms/FormDialog';
import { Row } from '../../forms/ScriptForm';
import { ranked } from '../../model/select';
import type { Session } from '../../model/session';
import { figure } from '../../model/wording';
import { bytes } from '../../renderers/job/words';

const PAUSE_MS = 200;

interface Draft {
  readonly policy: Policy;
  /** What goes under this one is on the screen. */
  readonly listed: Policy | null;
}

/** Whether another policy was applied. */
export async function retain(session: Session, trans: TranslationBundle, job: Job, list: CheckpointList): Promise<boolean> {
  const applied = await askForm<Draft, boolean>({
    title: trans.__('What is kept of %1', job.name),
    ok: trans.__('Keep Only These'),
    takes: true,
    draft: { policy: { keep: list.keep, metric: list.metric, mode: list.mode }, listed: null },
    body: ({ draft, change }) => (
      <View
        session={session}
        trans={trans}
        job={job}
        policy={draft.policy}
        change={policy => change({ policy })}
        listed={policy => change({ listed: policy })}
      />
    ),
    isReady: ({ policy, listed }) => listed === policy,
    send: async ({ policy }) => (await retention(session.settings, job.id, policy, true)).applied,
    trans
  });
  return applied ?? false;
}

interface ViewProps {
  readonly session: Session;
  readonly trans: TranslationBundle;
  readonly job: Job;
  readonly policy: Policy;
  readonly change: (policy: Policy) => void;
  /** What goes under this policy is on the screen. */
  readonly listed: (policy: Policy) => void;
}

function View({ session, trans, job, policy, change, listed }: ViewProps): JSX.Element {
  const id = useId();
  const answer = useWouldGo(session, job, policy);
  const found = answer?.found ?? null;
  const wrong = answer?.trouble ?? null;
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
    <>
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
    </>
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
