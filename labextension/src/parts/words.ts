/** Phases in the reader's language. */
import type { TranslationBundle } from '@jupyterlab/translation';
import type { Phase } from '../api/jobs';

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
