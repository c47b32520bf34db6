/** A job where a service runs it, in words: the same as the kernel's (`jupyter_training/kernel/service_words.py`). */
import type { Job } from '../api/jobs';
import { span } from './wording';

export type Service = NonNullable<Job['service']>;

/** Puts values into a text with places, in the reader's language. */
export interface Words {
  __(text: string, ...values: unknown[]): string;
}

/** What is saved in a notebook is in English, as the kernel writes it. */
export const ENGLISH: Words = {
  __: (text, ...values) => text.replace(/%(\d)/g, (_, place: string) => String(values[Number(place) - 1]))
};

const LAG_FROM = 2; // seconds; a fresher log is as good as one that is read here

/** What it runs on, how far its log is behind, and what it has cost: `2 × ml.g5.xlarge · log lag 12 s · 0.42 USD`. */
export function serviceParts(words: Words, service: Service): string[] {
  return [service.machines, lag(words, service), billed(words, service), cost(words, service)].filter(part => part !== '');
}

function lag(words: Words, { log_lag: seconds }: Service): string {
  return seconds === null || seconds < LAG_FROM ? '' : words.__('log lag %1', span(seconds));
}

function billed(words: Words, { billable, training, saving }: Service): string {
  if (billable === null) {
    return '';
  }
  return training === null || saving === null
    ? words.__('billed %1', span(billable))
    : words.__('billed %1 of %2', span(billable), span(training));
}

function cost(words: Words, service: Service): string {
  const saved = service.saving === null ? '' : words.__('%1 % saved', Math.round(100 * service.saving));
  return [service.cost ?? '', saved].filter(part => part !== '').join(', ');
}
