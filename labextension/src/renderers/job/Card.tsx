/** A job under its cell: how it stands, how far it is, its figures, its curve, and the way to stop it. */
import { memo, useState } from 'react';
import type { Job } from '../../api/jobs';
import { isEnded, ranked } from '../../model/select';
import { Progress } from '../../parts/Progress';
import { useRoom } from '../../parts/room';
import { Service } from '../../parts/Service';
import { Notice, Quiet } from '../../parts/Standing';
import { Failure } from './Failure';
import { Head } from './Head';
import { Machine } from './Machine';
import { Pictures } from './Pictures';
import { Values } from './Values';
import { endSentence } from './words';

interface Props {
  readonly job: Job;
  /** Whether it is on screen; unseen, nothing is asked for. */
  readonly seen: boolean;
  /** What is wrong with the connection, if anything. */
  readonly notice: JSX.Element | null;
}

/** Drawn anew only when its own job is news: a page may hold many. */
export const Card = memo(function Card({ job, seen, notice }: Props): JSX.Element {
  const { trans } = useRoom();
  const names = ranked(job.metrics);
  const [chosen, setChosen] = useState<string | null>(null);
  const drawn = chosen !== null && names.includes(chosen) ? chosen : (names[0] ?? null);
  return (
    <article className="jp-Training-card" data-phase={job.phase} aria-label={trans.__('Training %1', job.name)}>
      <Head job={job} seen={seen} />
      {notice}
      {saysMore(job) && <p className="jp-Training-sentence">{endSentence(job)}</p>}
      {job.phase === 'failed' && <Failure job={job} seen={seen} />}
      {seen && <Quiet job={job} />}
      <Notice job={job} />
      {!isEnded(job) && <Progress job={job} />}
      <Service job={job} />
      <Values job={job} drawn={drawn} onChoose={setChosen} />
      <Pictures job={job} name={drawn} seen={seen} />
      {job.phase !== 'failed' && <Machine job={job} seen={seen} />}
    </article>
  );
});

/** Whether its sentence says more than its phase: of one that runs only where a service is about something else. */
function saysMore({ phase, sentence }: Job): boolean {
  return (phase !== 'running' && phase !== 'starting') || (sentence !== 'Running.' && sentence !== 'Starting.');
}
