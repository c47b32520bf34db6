/** Phases in the reader's language. */
import type { TranslationBundle } from '@jupyterlab/translation';
import type { Phase } from '../api/jobs';
import type { Seam } from '../model/series';
import { figure } from '../model/wording';

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
