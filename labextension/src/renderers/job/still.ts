/**
 * The card of an ended job as text and static HTML, for the saved notebook: what a place without this
 * extension shows. The kernel writes the same (`jupyter_training/kernel/card.py`); tests hold the two together.
 */
import type { Job, Series } from '../../api/jobs';
import { best, ranked } from '../../model/select';
import { ENGLISH, serviceParts } from '../../model/service';
import { figure, short, value } from '../../model/wording';
import type { Ending } from './lines';
import { bytes, endSentence } from './words';

const CURVES = 4;
const LIMIT = 14_000;
const METRICS = 8;
const PARAMS = 8;
const TRACEBACK_LINES = 24;
const LAST_LINES = 3;
const LINE_LENGTH = 200;

const ICONS: Partial<Record<Job['phase'], string>> = { succeeded: '✓', failed: '✕', canceled: '⊘' };
const COLOUR_OF: Partial<Record<Job['phase'], string>> = { succeeded: '#3a8f3f', failed: '#e0463e' };
const GREY = '#808080';
const WARN = '#b26a00';
const FAINT = 'opacity:.75';
const COLOURS = ['#0072B2', '#D55E00', '#009E73', '#CC79A7'] as const;

type Points = Series['points'];

export interface Still {
  readonly text: string;
  readonly html: string;
}

/**
 * Whether a saved text already tells how this job ended: this end, and not that of an attempt before it.
 * What may still change after an end, as a warning, is not compared: each change makes the notebook unsaved.
 */
export function tellsEnd(text: string, job: Job): boolean {
  return `${text}   `.startsWith(`${told(job)}   `);
}

export function still(job: Job, series: ReadonlyMap<string, Points>, end: Ending): Still {
  return { text: asText(job), html: asHtml(job, series, end) };
}

function asText(job: Job): string {
  return [told(job), service(job), job.warning ?? '', next(job)].filter(Boolean).join('   ');
}

/** Which job it is, how it ended, and with what. */
function told(job: Job): string {
  const phase = `${job.phase.charAt(0).toUpperCase()}${job.phase.slice(1)}`;
  const said = endSentence(job).replace(new RegExp(`^${phase}:? `), '');
  const values = ranked(job.metrics)
    .slice(0, 3)
    .map(name => `${name} ${figure(job.metrics[name]?.last)}`);
  return [`${job.name} · ${short(job.id)} ${job.phase}`, said, ...values].filter(Boolean).join('   ');
}

function asHtml(job: Job, series: ReadonlyMap<string, Points>, end: Ending): string {
  const failed = failure(end);
  const told = failed.reduce((sum, row) => sum + length(row), 0) < LIMIT / 2 ? failed : [];
  const rows = [head(job), `<span>${escaped(endSentence(job))}</span>`, ...told, warning(job), values(job), faint(service(job)), origin(job)];
  const hint = next(job);
  const foot = hint ? [`<code style="${FAINT}">${escaped(hint)}</code>`] : [];
  const room = LIMIT - length(whole([...rows, '', ...foot]));
  return whole([...rows, pictures(job, series, room - 40), ...foot]);
}

function whole(rows: readonly string[]): string {
  const inner = rows
    .filter(Boolean)
    .map(row => `<div style="margin:2px 0">${row}</div>`)
    .join('');
  return `<div style="font-family:system-ui,sans-serif;font-size:13px;line-height:1.5;padding:4px 0">${inner}</div>`;
}

function head(job: Job): string {
  return (
    `<span style="color:${COLOUR_OF[job.phase] ?? GREY}">${ICONS[job.phase] ?? '·'}</span> <b>${job.phase}</b> ` +
    `<b style="margin-left:12px">${escaped(job.name)}</b><span style="${FAINT}"> · ${escaped(short(job.id))}</span>` +
    (job.archived ? `<span style="${FAINT}"> · archived</span>` : '')
  );
}

function warning(job: Job): string {
  return !job.warning ? '' : `<span style="color:${WARN}">⚠</span> ${escaped(job.warning)}`;
}

/** What a service ran it on, and what that has cost. */
function service(job: Job): string {
  return job.service ? serviceParts(ENGLISH, job.service).join(' · ') : '';
}

function faint(words: string): string {
  return words && `<span style="${FAINT}">${escaped(words)}</span>`;
}

/** What the job was made from. */
function origin({ parent }: Job): string {
  if (!parent) {
    return '';
  }
  const who = parent.name ? `${parent.name} · ${short(parent.job)}` : 'a job that is deleted';
  const words =
    parent.relation === 'fork'
      ? `A fork of ${who}`
      : `Continues ${who}${typeof parent.step === 'number' ? ` from step ${figure(parent.step)}` : ''}`;
  return `<span style="${FAINT}">${escaped(words)}</span>`;
}

function failure(end: Ending): string[] {
  const rows: string[] = [];
  let traceback = end.traceback.map(cut);
  if (traceback.length > TRACEBACK_LINES) {
    const first = TRACEBACK_LINES / 3;
    traceback = [...traceback.slice(0, first), '    …', ...traceback.slice(traceback.length - 2 * first)];
  }
  if (traceback.length > 0) {
    rows.push(lines(traceback));
  }
  const last = end.before
    .filter(line => line.trim() !== '')
    .slice(-LAST_LINES)
    .map(cut);
  if (last.length > 0) {
    const words = traceback.length > 0 ? 'Its last lines before that:' : 'Its last lines:';
    rows.push(`<span style="${FAINT}">${words}</span>`, lines(last));
  }
  return rows;
}

function lines(of: readonly string[]): string {
  return `<pre style="margin:2px 0;font-size:12px;white-space:pre-wrap">${escaped(of.join('\n'))}</pre>`;
}

function values(job: Job): string {
  const names = ranked(job.metrics);
  const parts = names.slice(0, METRICS).map(name => {
    const metric = job.metrics[name];
    const top = metric && best(name, metric);
    const words = `${escaped(name)} <b>${figure(metric?.last)}</b>`;
    return top
      ? `${words} <span style="${FAINT}">${top.lower ? '↓' : '↑'} best ${figure(top.value)} at ${figure(top.step)}</span>`
      : words;
  });
  if (names.length > METRICS) {
    parts.push(`and ${names.length - METRICS} more`);
  }
  const params = Object.entries(job.params).slice(0, PARAMS);
  const faint = [
    ...params.map(([name, given]) => `${name} ${value(given)}`),
    ...job.data.map(one => `${one.name} (${one.words})`)
  ];
  if (faint.length > 0) {
    parts.push(`<span style="${FAINT}">${escaped(faint.join(' · '))}</span>`);
  }
  return parts.join('<span style="margin-right:16px"></span>');
}

/** Curves, as many as have room; the latest figure is named. */
function pictures(job: Job, series: ReadonlyMap<string, Points>, room: number): string {
  const named = job.figure
    ? captioned(`latest figure: ${job.figure.name}, ${bytes(job.figure.size)}`, '')
    : '';
  const drawn: string[] = [];
  let left = room - length(named);
  ranked(job.metrics)
    .filter(name => (series.get(name)?.length ?? 0) > 1)
    .slice(0, CURVES)
    .forEach((name, index) => {
      const points = series.get(name) ?? [];
      const known = points.map(point => point[2]).filter(one => one !== null);
      const picture = image(name, points, COLOURS[index % COLOURS.length] ?? COLOURS[0], begun(job));
      const piece = captioned(`${name} ${figure(known[0])} → ${figure(known[known.length - 1])}`, picture);
      if (picture !== '' && length(piece) <= left) {
        drawn.push(piece);
        left -= length(piece);
      }
    });
  return [...drawn, named].join('');
}

function captioned(caption: string, picture: string): string {
  return (
    '<span style="display:inline-block;margin:4px 12px 0 0">' +
    `<span style="${FAINT};font-size:11px">${escaped(caption)}</span>${picture ? `<br/>${picture}` : ''}</span>`
  );
}

const WIDTH = 280;
const HEIGHT = 84;
const EDGE = 5;

/** The steps at which later attempts began. */
function begun(job: Job): readonly number[] {
  const steps = job.attempts.slice(1).map(one => one.start_step);
  return [...new Set(steps.filter(one => typeof one === 'number'))].sort((a, b) => a - b);
}

/** The line as an image that carries itself: what cleans a saved notebook's HTML keeps it. */
function image(name: string, points: Points, colour: string, seams: readonly number[]): string {
  const known = points.map(point => point[2]).filter(one => one !== null);
  const [first, last] = [points[0], points[points.length - 1]];
  if (known.length === 0 || !first || !last) {
    return '';
  }
  const [low, high] = [Math.min(...known), Math.max(...known)];
  const [wide, tall] = [WIDTH - 2 * EDGE, HEIGHT - 2 * EDGE];
  const along = last[0] - first[0];
  let path = '';
  let pen = 'M';
  let end: [string, string] = ['0', '0'];
  for (const [step, , of] of points) {
    if (of === null) {
      pen = 'M';
      continue;
    }
    const x = EDGE + (along > 0 ? (wide * (step - first[0])) / along : wide / 2);
    const y = EDGE + (high > low ? (tall * (high - of)) / (high - low) : tall / 2);
    end = [tenths(x), tenths(y)];
    path += `${pen}${end[0]} ${end[1]}`;
    pen = 'L';
  }
  const shown = seams.filter(step => first[0] < step && step < last[0]);
  const uprights = shown.map(step => `M${tenths(EDGE + (wide * (step - first[0])) / along)} 0V${HEIGHT - 1}`).join('');
  const broken = uprights && `<path d="${uprights}" stroke="#888" stroke-opacity=".8" stroke-dasharray="2 3"/>`;
  const drawing =
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}" fill="none">` +
    `<path d="M.5 0V${HEIGHT - 1}H${WIDTH}" stroke="#888" stroke-opacity=".5"/>${broken}` +
    `<path d="${path}" stroke="${colour}" stroke-width="1.6" stroke-linejoin="round"/>` +
    `<circle cx="${end[0]}" cy="${end[1]}" r="2.4" fill="${colour}"/></svg>`;
  const resumed = shown.length > 0 ? `, resumed at ${shown.map(figure).join(', ')}` : '';
  const said = `${name}: ${known.length} points from ${figure(known[0])} to ${figure(known[known.length - 1])}${resumed}`;
  return `<img alt="${escaped(said)}" width="${WIDTH}" height="${HEIGHT}" src="data:image/svg+xml;base64,${btoa(drawing)}"/>`;
}

/** Cut to tenths, the same way in every language; `12` for 12.0. */
function tenths(of: number): string {
  const whole = Math.floor(of * 10 + 0.5);
  const rest = whole % 10;
  return rest ? `${Math.floor(whole / 10)}.${rest}` : `${Math.floor(whole / 10)}`;
}

function next(job: Job): string {
  return job.phase === 'succeeded'
    ? `%train show ${short(job.id)}`
    : job.phase === 'failed'
      ? `%train logs ${short(job.id)}`
      : '';
}

function cut(line: string): string {
  return [...line].slice(0, LINE_LENGTH).join('');
}

/** In characters as the kernel counts them. */
function length(of: string): number {
  return [...of].length;
}

function escaped(of: string): string {
  return of
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/"/g, '&quot;')
    .replace(/'/g, '&#x27;');
}
