/** Phases in the reader's language. */
import type { TranslationBundle } from '@jupyterlab/translation';
import type { Job, Phase, Pool } from '../api/jobs';
import type { Start } from '../api/queue';
import type { Seam } from '../model/series';
import { figure, span, spanRange, wholeSpan } from '../model/wording';

/** What is said of the place where an attempt went on after another. */
export function seamWords(trans: TranslationBundle, { attempt, from, words }: Seam): string {
  return from === null
    ? trans.__('Attempt %1 began anew. %2', attempt, words)
    : trans.__('Attempt %1, from step %2. %3', attempt, figure(from), words);
}

export function phaseWord(trans: TranslationBundle, phase: Phase): string {
  switch (phase) {
    case 'queued':
      return trans.__('queued');
    case 'starting':
      return trans.__('starting');
    case 'running':
      return trans.__('running');
    case 'pausing':
      return trans.__('pausing');
    case 'paused':
      return trans.__('paused');
    case 'stopping':
      return trans.__('stopping');
    case 'succeeded':
      return trans.__('succeeded');
    case 'failed':
      return trans.__('failed');
    case 'canceled':
      return trans.__('canceled');
    case 'unknown':
      return trans.__('unknown');
  }
}

/** When a waiting job is expected to start, as a range: `4–9 min`; null where nobody knows. */
export function startWords(trans: TranslationBundle, start: Start | null): string | null {
  if (start === null) {
    return null;
  }
  return start.high === null ? trans.__('%1 or more', wholeSpan(start.low)) : spanRange(start.low, start.high);
}

/** That as a sentence's end, or why it is not known: `starts in 4–9 min`, `no history yet`. */
export function startSaid(trans: TranslationBundle, { start, start_note: note }: { start: Start | null; start_note: string | null }): string | null {
  const words = startWords(trans, start);
  return words === null ? note : trans.__('starts in %1', words);
}

/** What it waits for: `after prepare (running), load (met)`; null: for no job. */
export function afterWords(trans: TranslationBundle, job: Pick<Job, 'after'>): string | null {
  const waits = job.after.map(
    one => `${one.name ?? trans.__('a deleted training')} (${one.met ? trans.__('met') : (one.state ?? trans.__('gone'))})`
  );
  return waits.length === 0 ? null : trans.__('after %1', waits.join(', '));
}

/** How a pool orders its jobs, in a sentence for hovering. */
export function policyWords(trans: TranslationBundle, pool: Pool): string {
  const parts = [
    pool.policy === 'fair_share'
      ? trans.__('Its slots are shared fairly, by weight: there is no order to change.')
      : trans.__('By priority, then by place: the smaller priority goes first.')
  ];
  if (pool.preemption) {
    parts.push(
      pool.victim === 'cheapest'
        ? trans.__('With pre-emption: what stands behind saves a checkpoint and makes room, the cheapest first.')
        : trans.__('With pre-emption: what stands behind saves a checkpoint and makes room, the last first.')
    );
  } else {
    parts.push(trans.__('Without pre-emption: what runs keeps its slots until it ends.'));
  }
  if (pool.aging !== null) {
    parts.push(trans.__('Each %1 of waiting counts as one priority.', span(pool.aging)));
  }
  const noted = poolNote(trans, pool);
  if (noted !== null) {
    parts.push(noted);
  }
  return parts.join(' ');
}

/** What is out of the ordinary with a pool: why its service gives no more, what a person lets it have; null: nothing. */
export function poolNote(trans: TranslationBundle, pool: Pool): string | null {
  const most = pool.options['at_most'];
  const limit = typeof most === 'number' ? trans.__('You let it have %1 at most.', figure(most)) : null;
  const parts = [pool.note, pool.remark, limit].filter(part => part !== null);
  return parts.length === 0 ? null : parts.join(' ');
}

/** What a pool has, and what of it is used: `2 of 4 slots, 1 of 2 GPUs`. */
export function roomWords(trans: TranslationBundle, pool: Pool): string {
  const slots = trans.__('%1 of %2 slots', figure(pool.used), figure(pool.slots));
  const gpus = pool.devices.length;
  return gpus === 0 ? slots : trans.__('%1, %2 of %3 GPUs', slots, figure(gpus - pool.free_devices.length), figure(gpus));
}
