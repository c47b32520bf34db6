/** A job under its cell: how it stands, how far it is, its figures, its curve, and the way to stop it. */
import { Suspense, lazy, useState } from 'react';
import type { Job } from '../../api/jobs';
import { best, isEnded, ranked } from '../../model/select';
import { between, exact, figure, short, span, value } from '../../model/wording';
import { Progress } from '../../parts/Progress';
import { useNow, useRoom } from '../../parts/room';
import { StateIcon } from '../../parts/StateIcon';
import { StopButton } from '../../parts/StopButton';
import { phaseWord } from '../../parts/words';
import { useCurve } from './useCurve';

const Curve = lazy(async () => ({ default: (await import('../../charts/Curve')).Curve }));

const METRICS_SHOWN = 6;
const PARAMS_SHOWN = 8;
const CURVE_HEIGHT = 140;

export function Card({ job, stale }: { job: Job; stale: string | null }): JSX.Element {
  const { trans } = useRoom();
  const now = useNow(isEnded(job) ? 0 : 1000);
  const names = ranked(job.metrics);
  const [chosen, setChosen] = useState<string | null>(null);
  const drawn = chosen !== null && names.includes(chosen) ? chosen : (names[0] ?? null);
  const lasted = between(job.started, job.ended, now);
  const quiet = job.phase === 'running' || job.phase === 'succeeded';
  return (
    <article className="jp-Training-card" data-phase={job.phase} aria-label={trans.__('Training %1', job.name)}>
      <header className="jp-Training-cardHead">
        <span className="jp-Training-state" data-phase={job.phase}>
          <StateIcon phase={job.phase} />
          {phaseWord(trans, job.phase)}
        </span>
        <strong className="jp-Training-cardName">{job.name}</strong>
        <span className="jp-Training-faint" title={job.id}>
          {short(job.id)}
        </span>
        <span className="jp-Training-faint jp-Training-lasted" title={exact(job.started ?? job.submitted)}>
          {lasted === null ? '' : span(lasted)}
        </span>
        <span className="jp-Training-buttons">
          <StopButton job={job} />
        </span>
      </header>
      {stale !== null && (
        <p className="jp-Training-faint" role="status">
          {stale}
        </p>
      )}
      {!quiet && <p>{job.sentence}</p>}
      {!isEnded(job) && <Progress job={job} />}
      <div className="jp-Training-figures">
        {names.slice(0, METRICS_SHOWN).map(name => (
          <MetricFigure key={name} job={job} name={name} drawn={name === drawn} onChoose={() => setChosen(name)} />
        ))}
        {names.length > METRICS_SHOWN && (
          <span className="jp-Training-faint">{trans.__('and %1 more', names.length - METRICS_SHOWN)}</span>
        )}
        {Object.entries(job.params)
          .slice(0, PARAMS_SHOWN)
          .map(([name, given]) => (
            <span key={name} className="jp-Training-faint" title={JSON.stringify(given)}>
              {name} {value(given)}
            </span>
          ))}
      </div>
      {drawn !== null && (job.metrics[drawn]?.count ?? 0) > 1 && <CurveOf job={job} name={drawn} />}
    </article>
  );
}

function MetricFigure(props: { job: Job; name: string; drawn: boolean; onChoose: () => void }): JSX.Element | null {
  const { trans } = useRoom();
  const { job, name, drawn, onChoose } = props;
  const metric = job.metrics[name];
  if (!metric) {
    return null;
  }
  const top = best(name, metric);
  return (
    <button
      type="button"
      className="jp-Training-metric"
      aria-pressed={drawn}
      onClick={onChoose}
      title={metric.source === 'report' ? trans.__('Draw its curve') : trans.__('Draw its curve (read from: %1)', metric.source)}
    >
      <span>{name}</span> <b>{figure(metric.last)}</b>
      {top !== null && (
        <span className="jp-Training-faint">
          {' '}
          {top.lower ? '↓' : '↑'} {trans.__('best %1 at %2', figure(top.value), figure(top.step))}
        </span>
      )}
    </button>
  );
}

function CurveOf({ job, name }: { job: Job; name: string }): JSX.Element {
  const [frame, points] = useCurve(job, name);
  return (
    <div ref={frame} style={{ minHeight: CURVE_HEIGHT }}>
      <Suspense fallback={null}>
        {points !== null && points.length > 1 && <Curve name={name} points={points} height={CURVE_HEIGHT} />}
      </Suspense>
    </div>
  );
}
