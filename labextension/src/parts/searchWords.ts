/** What is said of searches and their trials. */
import type { TranslationBundle } from '@jupyterlab/translation';
import type { Experiment, Trial } from '../api/experiments';
import type { Phase } from '../api/jobs';
import { figure } from '../model/wording';

/** How a trial's state looks. One that was stopped early did well what was asked of it, and is no success. */
export const PHASES: { readonly [state in Trial['state']]: Phase } = {
  queued: 'queued',
  running: 'running',
  paused: 'paused',
  held: 'pausing',
  completed: 'succeeded',
  stopped: 'canceled',
  failed: 'failed',
  canceled: 'canceled',
  invalid: 'unknown'
};

export function trialWord(trans: TranslationBundle, state: Trial['state']): string {
  switch (state) {
    case 'queued':
      return trans.__('queued');
    case 'running':
      return trans.__('running');
    case 'paused':
      return trans.__('paused');
    case 'held':
      return trans.__('held back');
    case 'completed':
      return trans.__('completed');
    case 'stopped':
      return trans.__('stopped early');
    case 'failed':
      return trans.__('failed');
    case 'canceled':
      return trans.__('canceled');
    case 'invalid':
      return trans.__('invalid');
  }
}

/** States worth a word beside the number of trials; that they ended well goes without saying. */
const NAMED: readonly Trial['state'][] = ['running', 'queued', 'paused', 'held', 'stopped', 'failed', 'invalid', 'canceled'];

/** `12 of 50 trials · 4 running · 3 stopped early`. */
export function countWords(trans: TranslationBundle, search: Experiment): string {
  return [
    `${ofTotal(trans, search)} ${trans._n('trial', 'trials', search.total ?? search.trials)}`,
    ...NAMED.flatMap(state => ((search.counts[state] ?? 0) > 0 ? [`${figure(search.counts[state])} ${trialWord(trans, state)}`] : []))
  ].join(' · ');
}

/** `4 of 12`; where nothing but its space ends it, `4`. */
export function ofTotal(trans: TranslationBundle, { trials, total }: Experiment): string {
  return total === null ? figure(trials) : trans.__('%1 of %2', figure(trials), figure(total));
}

/** `↑` where more is better. */
export function arrow(search: Pick<Experiment, 'modes'>, metric = 0): string {
  return search.modes[metric] === 'min' ? '↓' : '↑';
}
