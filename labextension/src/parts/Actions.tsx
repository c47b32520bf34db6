/** What can be wished of one job, where it stands. Which verbs those are the server says; a refusal is said here too. */
import { useState } from 'react';
import { Trouble, missed, troubleFrom } from '../api/http';
import type { Job, Manner, Verb } from '../api/jobs';
import { isEnded } from '../model/select';
import { figure } from '../model/wording';
import { useRoom } from './room';

export function Actions({ job }: { job: Job }): JSX.Element {
  const { session, trans } = useRoom();
  const [busy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState<Trouble | null>(null);
  const may = (verb: Verb): boolean => job.verbs.includes(verb);
  const ask = (verb: Verb, manner: Manner = {}): void => {
    setBusy(true);
    setRefusal(null);
    session
      .act(verb, [job.id], manner)
      .catch(async (reason: unknown) => {
        const trouble = troubleFrom(reason);
        const names = missed(trouble);
        if (names.length === 0) {
          setRefusal(trouble);
          return;
        }
        const { handOver } = await import('../commands/handOver');
        await handOver(session, trans, verb, job, names);
      })
      .catch((reason: unknown) => setRefusal(troubleFrom(reason)))
      .finally(() => setBusy(false));
  };
  const waits = job.state === 'queued';
  const killing = job.desired === 'kill' && !isEnded(job);
  const step = job.checkpoint?.step;
  const button = { busy, ask };
  return (
    <>
      {refusal !== null && (
        <span className="jp-Training-refusal" role="alert">
          {refusal.code === 'no_checkpoint' ? refusal.detail : refusal.message}
        </span>
      )}
      {refusal?.code === 'no_checkpoint' && may('pause') && (
        <button
          type="button"
          className="jp-Training-button"
          disabled={busy}
          title={trans.__('What it has learned so far is lost: activated, it begins anew')}
          onClick={() => ask('pause', { discard: true })}
        >
          {trans.__('Pause and discard')}
        </button>
      )}
      {may('retry') && (
        <Button
          {...button}
          verb="retry"
          word={trans.__('Retry')}
          name={trans.__('Retry %1', job.name)}
          title={
            step === undefined
              ? trans.__('Try it again, from its beginning: it has no checkpoint')
              : trans.__('Try it again, from the checkpoint of step %1', figure(step))
          }
          icon={<path d="M12.5 8a4.5 4.5 0 1 1-1.4-3.3M12.6 2.6v2.9H9.7" />}
        />
      )}
      {may('activate') && (
        <Button
          {...button}
          verb="activate"
          word={trans.__('Activate')}
          name={trans.__('Activate %1', job.name)}
          title={step === undefined ? trans.__('Let it go on') : trans.__('Let it go on from the checkpoint of step %1', figure(step))}
          icon={<path d="M5 3.5l7 4.5-7 4.5z" />}
        />
      )}
      {may('cancel') ? (
        <Button
          {...button}
          verb="cancel"
          word={waits ? trans.__('Cancel') : trans.__('Stop')}
          name={waits ? trans.__('Cancel %1', job.name) : trans.__('Stop %1', job.name)}
          title={trans.__('Ask it to stop: it may save a checkpoint first')}
          icon={<rect x="4" y="4" width="8" height="8" className="jp-Training-solid" />}
        />
      ) : (
        (may('kill') || killing) && (
          <Button
            {...button}
            busy={busy || killing}
            verb="kill"
            word={killing ? trans.__('Killing…') : trans.__('Kill')}
            name={killing ? trans.__('Killing %1', job.name) : trans.__('Kill %1', job.name)}
            title={trans.__('End it at once, without a checkpoint')}
            icon={<path d="M4 4l8 8M12 4l-8 8" />}
          />
        )
      )}
      {may('pause') && (
        <Button
          {...button}
          verb="pause"
          word={trans.__('Pause')}
          name={trans.__('Pause %1', job.name)}
          title={trans.__('Let it save a checkpoint and give its slots back; it goes on when it is activated')}
          icon={<path d="M5.5 4v8M10.5 4v8" />}
        />
      )}
    </>
  );
}

interface ButtonProps<V> {
  readonly verb: V;
  readonly word: string;
  readonly name: string;
  readonly title: string;
  readonly icon: JSX.Element;
  readonly busy: boolean;
  readonly ask: (verb: V) => void;
}

/** A sign with its word, which a narrow card leaves out. */
export function Button<V>({ verb, word, name, title, icon, busy, ask }: ButtonProps<V>): JSX.Element {
  return (
    <button type="button" className="jp-Training-button" disabled={busy} title={title} aria-label={name} onClick={() => ask(verb)}>
      <svg className="jp-Training-buttonIcon" viewBox="0 0 16 16" aria-hidden="true">
        {icon}
      </svg>
      <span className="jp-Training-buttonWord">{word}</span>
    </button>
  );
}
