/** The card's last line: what the job uses of the machine, and the newest line of its log. */
import type { TranslationBundle } from '@jupyterlab/translation';
import { useEffect, useRef, useState } from 'react';
import { curves } from '../../api/jobs';
import type { Job } from '../../api/jobs';
import { Sparkline } from '../../charts/Sparkline';
import { isEnded } from '../../model/select';
import { figure, wholeSpan } from '../../model/wording';
import { useNow, useRoom } from '../../parts/room';
import { LOG_COMMAND, useDoors } from './doors';
import { lastLine } from './lines';
import { useLogEnd } from './useLogEnd';
import { bytes } from './words';

const LOG_BYTES = 2048;
const CURVE_POINTS = 40;
const CURVE_PAUSE_MS = 5000;
const QUIET_S = 120; // after so long without a word it is said
const QUIET_LOOK_MS = 10_000;

export function Machine({ job, seen }: { job: Job; seen: boolean }): JSX.Element | null {
  const { trans } = useRoom();
  const text = useLogEnd(job, seen, LOG_BYTES);
  const line = lastLine(text ?? '');
  const trails = useTrails(job, seen);
  const gauges = isEnded(job) ? [] : Object.entries(job.machine).sort(byGauge);
  const peak = isEnded(job) ? job.attempts[job.attempts.length - 1]?.peak_memory : null;
  const quiet = useQuiet(job, seen, text);
  const said = quiet > QUIET_S && (job.quiet_after === null || quiet <= job.quiet_after); // past that it is warned of
  if (gauges.length === 0 && !peak && line === '' && !said) {
    return null;
  }
  return (
    <div className="jp-Training-machine jp-Training-faint">
      {gauges.map(([name, value]) => (
        <span key={name} className="jp-Training-gauge">
          {gauge(trans, job, name, value)}
          <Sparkline values={trails.get(`machine/${name}`) ?? []} label={trans.__('%1 over time', name)} />
        </span>
      ))}
      {peak ? <span className="jp-Training-gauge">{trans.__('peak memory %1', bytes(peak))}</span> : null}
      {said && <span className="jp-Training-quiet">{trans.__('no word for %1', wholeSpan(quiet))}</span>}
      {line !== '' && <LogLine job={job} line={line} />}
    </div>
  );
}

function LogLine({ job, line }: { job: Job; line: string }): JSX.Element {
  const { trans } = useRoom();
  const doors = useDoors();
  if (!doors.hasCommand(LOG_COMMAND)) {
    return <code className="jp-Training-logLine">{line}</code>;
  }
  return (
    <button
      type="button"
      className="jp-Training-logLine"
      title={trans.__('The newest line of its log; opens the log')}
      onClick={() => void doors.execute(LOG_COMMAND, { job: job.id })}
    >
      {line}
    </button>
  );
}

/** Seconds since the job's last word: a point, progress, or a line of its log, which is no change of the job. */
function useQuiet(job: Job, seen: boolean, text: string | null): number {
  const runs = job.phase === 'running' || job.phase === 'unknown';
  const now = useNow(runs && seen ? QUIET_LOOK_MS : 0);
  const written = useRef({ text, at: 0 });
  if (written.current.text !== text) {
    written.current = { text, at: written.current.text === null ? 0 : Date.now() };
  }
  const last = job.seen === null ? 0 : Math.max(Date.parse(job.seen), written.current.at);
  return runs && last > 0 ? (Math.max(now, Date.now()) - last) / 1000 : 0;
}

/** `CPU 1.9 of 2 cores`, `memory 412 MB`, `GPU 0 87% busy`. */
function gauge(trans: TranslationBundle, job: Job, name: string, value: number): string {
  if (name === 'cpu') {
    const resources = job.spec?.resources as { cpus?: number | null } | undefined;
    const most = resources?.cpus;
    return most
      ? trans._n('CPU %2 of %1 core', 'CPU %2 of %1 cores', most, cores(value))
      : trans._n('CPU %2 core', 'CPU %2 cores', hundredths(value), cores(value));
  }
  if (name === 'memory') {
    return trans.__('memory %1', bytes(value));
  }
  const [, device, what] = /^gpu(\d+)_(util|memory)$/.exec(name) ?? [];
  return what === 'util'
    ? trans.__('GPU %1 %2% busy', device, Math.round(value))
    : what === 'memory'
      ? trans.__('GPU %1 memory %2', device, bytes(value))
      : `${name.replace(/_/g, ' ')} ${figure(value)}`;
}

/** To hundredths of a core; the kernel's card says the same. */
function cores(used: number): string {
  return used > 0 && hundredths(used) === 0 ? '<0.01' : figure(hundredths(used));
}

function hundredths(of: number): number {
  return Math.round(100 * of) / 100;
}

function byGauge([a]: [string, number], [b]: [string, number]): number {
  const rank = (name: string): string => (name === 'cpu' ? '0' : name === 'memory' ? '1' : `2${name}`);
  return rank(a) < rank(b) ? -1 : 1;
}

/** The machine's series while it runs, asked for now and then: their samples come seconds apart. */
function useTrails(job: Job, seen: boolean): ReadonlyMap<string, readonly number[]> {
  const { session } = useRoom();
  const [trails, setTrails] = useState<ReadonlyMap<string, readonly number[]>>(new Map());
  const names = Object.keys(job.machine)
    .sort()
    .map(name => `machine/${name}`)
    .join(' ');
  const wanted = seen && names !== '' && !isEnded(job);
  useEffect(() => {
    if (!wanted) {
      return undefined;
    }
    const ask = (): void => {
      curves(session.settings, job.id, names.split(' '), CURVE_POINTS).then(
        found =>
          setTrails(
            new Map(found.map(one => [one.name, one.points.map(point => point[2]).filter(value => value !== null)]))
          ),
        () => undefined // the next time will do
      );
    };
    ask();
    const timer = window.setInterval(ask, CURVE_PAUSE_MS);
    return () => window.clearInterval(timer);
  }, [wanted, names, job.id, session]);
  return trails;
}
