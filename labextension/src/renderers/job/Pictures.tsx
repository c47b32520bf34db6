/** The live curve and, beside it, the latest figure that the job showed. */
import { Suspense, lazy, useEffect, useMemo, useState } from 'react';
import type { Job } from '../../api/jobs';
import { artifactAddress, artifactContent } from '../../api/output';
import type { Artifact } from '../../api/output';
import { isEnded } from '../../model/select';
import { seams } from '../../model/series';
import { useRoom } from '../../parts/room';
import { seamWords } from '../../parts/words';
import { useCurve } from './useCurve';

const Curve = lazy(async () => ({ default: (await import('../../charts/Curve')).Curve }));

const HEIGHT = 140;

export function Pictures({ job, name, seen }: { job: Job; name: string | null; seen: boolean }): JSX.Element | null {
  const curved = name !== null && (job.metrics[name]?.count ?? 0) > 1;
  if (!curved && job.figure === null) {
    return null;
  }
  return (
    <div className="jp-Training-pictures">
      {curved && <CurveOf job={job} name={name} seen={seen} />}
      {job.figure !== null && <Figure job={job} figure={job.figure} seen={seen} />}
    </div>
  );
}

function CurveOf({ job, name, seen }: { job: Job; name: string; seen: boolean }): JSX.Element {
  const { trans } = useRoom();
  const drawn = useCurve(job, name, seen);
  const marks = useMemo(() => {
    const begun = Date.parse(job.started ?? job.submitted) / 1000;
    return seams(job.attempts, drawn?.points ?? [], 'step', begun).map(seam => ({ ...seam, said: seamWords(trans, seam) }));
  }, [job.attempts.length, drawn?.points.length, trans]);
  return (
    <div className="jp-Training-curveBox" style={{ minHeight: HEIGHT }}>
      <Suspense fallback={null}>
        {drawn !== null && drawn.points.length > 1 && (
          <Curve name={name} points={drawn.points} former={drawn.former} seams={marks} height={HEIGHT} grows={!isEnded(job)} />
        )}
      </Suspense>
    </div>
  );
}

/** The earlier figure stays until the newer one has come, in the same box. */
export function Figure(props: { job: Job; figure: Artifact; seen: boolean; height?: number }): JSX.Element {
  const { job, figure, seen, height = HEIGHT } = props;
  const { session, trans } = useRoom();
  const [drawn, setDrawn] = useState<{ url: string; version: string } | null>(null);
  const version = `${figure.id} ${figure.modified} ${figure.size}`;
  const stale = seen && drawn?.version !== version;
  useEffect(() => {
    if (!stale) {
      return undefined;
    }
    let gone = false;
    artifactContent(session.settings, job.id, figure.id).then(
      content => {
        if (!gone) {
          setDrawn({ url: URL.createObjectURL(content), version });
        }
      },
      () => undefined // the next figure, or the next look, asks again
    );
    return () => {
      gone = true;
    };
  }, [stale, version, figure.id, job.id, session]);
  const url = drawn?.url;
  useEffect(() => (url === undefined ? undefined : () => URL.revokeObjectURL(url)), [url]);
  return (
    <a
      className="jp-Training-figureBox"
      style={{ height }}
      href={artifactAddress(session.settings, job.id, figure.id)}
      target="_blank"
      rel="noreferrer"
      title={trans.__('Latest figure (%1); opens in full size', figure.name)}
    >
      {url !== undefined && <img src={url} alt={trans.__('Latest figure of %1: %2', job.name, figure.name)} />}
    </a>
  );
}
