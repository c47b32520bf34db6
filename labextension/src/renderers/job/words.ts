/** The card's sentences about time and ends. */
import type { TranslationBundle } from '@jupyterlab/translation';
import type { Job } from '../../api/jobs';
import { best, leading } from '../../model/select';
import { between, figure, span } from '../../model/wording';

/** `about 6-8 min left`; empty when nothing is known. */
export function left(trans: TranslationBundle, eta: Job['eta']): string {
  if (eta === null) {
    return '';
  }
  const [unit, low, high] = scaled(eta.low, eta.high);
  if (high <= 1 && unit === 's') {
    return trans.__('a moment left');
  }
  return trans.__('about %1 left', low === high || low === 0 ? `${high} ${unit}` : `${low}–${high} ${unit}`);
}

/** Both ends in the unit of the longer one, as coarse as a guess is. */
function scaled(low: number, high: number): [string, number, number] {
  if (high < 90) {
    const step = high < 20 ? 1 : 5;
    return ['s', step * Math.floor(low / step), step * Math.ceil(high / step)];
  }
  if (high < 90 * 60) {
    return ['min', Math.floor(low / 60), Math.round(high / 60)];
  }
  if (high < 48 * 3600) {
    return ['h', halves(low / 3600), halves(high / 3600)];
  }
  return ['d', halves(low / 86400), halves(high / 86400)];
}

function halves(of: number): number {
  return Math.round(2 * of) / 2;
}

/** `Succeeded in 12 min; best val_accuracy 0.964 at epoch 11.`: the sentence of a success, with what it came to. */
export function endSentence(job: Job): string {
  const lead = leading(job);
  const top = lead && best(lead.name, lead.metric);
  if (job.phase !== 'succeeded' || !lead || !top) {
    return job.sentence;
  }
  return `${job.sentence.replace(/\.$/, '')}; best ${lead.name} ${figure(top.value)} at ${stepWord(job)} ${figure(top.step)}.`;
}

/** `12 min`: how long an ended job ran; empty where it never began. A success has said it already. */
export function took(job: Job): string {
  const [, said] = /^Succeeded in (.+?)\.$/.exec(job.sentence) ?? [];
  const lasted = between(job.started, job.ended, Date.now());
  return said ?? (lasted === null ? '' : span(lasted));
}

/** What the job counts by: its progress's unit where there is one. */
export function stepWord(job: Job): string {
  return job.progress?.unit || 'step';
}

/** `412 MB`: bytes as the kernel's cards write them. */
export function bytes(size: number): string {
  let value = size;
  for (const unit of ['B', 'kB', 'MB', 'GB']) {
    if (value < 999.5) {
      return `${unit === 'B' ? Math.round(value) : Number(value.toPrecision(3))} ${unit}`;
    }
    value /= 1000;
  }
  return `${Number(value.toPrecision(3))} TB`;
}
