/** Numbers and spans as people write them; the same rules as the kernel's cards. */

const THIN = '\u2009';

/** Three significant digits; whole numbers whole, with thin spaces between thousands. */
export function figure(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) {
    return '–';
  }
  const size = Math.abs(value);
  if (Number.isInteger(value) && size < 1e9) {
    return grouped(value);
  }
  if (size >= 1000 && size < 1e6) {
    return grouped(Math.round(Number(value.toPrecision(3))));
  }
  if (size >= 1e-3 && size < 1000) {
    return String(Number(value.toPrecision(3)));
  }
  const [mantissa = '0', exponent = '0'] = value.toExponential(2).split('e');
  return `${Number(mantissa)}e${Number(exponent)}`;
}

/** How long something lasted, as a job's sentence says it: `7.5 s`, `18 s`, `4 min`, `2 h 10 m`, `3 d`. */
export function span(seconds: number): string {
  if (seconds < 60) {
    return `${Math.max(0, seconds).toFixed(seconds < 9.95 ? 1 : 0)} s`;
  }
  return minutesOn(seconds);
}

/** A span that still grows, or one of an axis: in whole seconds, `8 s`. */
export function wholeSpan(seconds: number): string {
  return seconds < 59.5 ? `${Math.max(0, Math.round(seconds))} s` : minutesOn(seconds);
}

function minutesOn(seconds: number): string {
  const minutes = Math.floor(seconds / 60) || 1;
  if (minutes < 60) {
    return `${minutes} min`;
  }
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} m` : `${Math.floor(hours / 24)} d`;
}

/** How long ago, as coarse as one reads it: `8 s`, `4 min`, `2 h`, `3 d`. */
export function ago(seconds: number): string {
  const hours = Math.floor(seconds / 3600);
  return hours >= 1 && hours < 48 ? `${hours} h` : wholeSpan(seconds);
}

/** `6–8 min`: a range of seconds in the unit of its longer end, as coarse as a guess is. */
export function spanRange(low: number, high: number): string {
  const [size, unit] = high < 60 ? [1, 's'] : high < 90 * 60 ? [60, 'min'] : high < 48 * 3600 ? [3600, 'h'] : [86400, 'd'];
  const least = Math.floor(low / size);
  const most = Math.max(1, Math.round(high / size));
  return least >= most || least === 0 ? `${most} ${unit}` : `${least}–${most} ${unit}`;
}

/** Seconds from an ISO time to another, or to `now` (ms since the epoch). */
export function between(start: string | null, end: string | null, now: number): number | null {
  if (start === null) {
    return null;
  }
  const last = end === null ? now : Date.parse(end);
  return Math.max(0, (last - Date.parse(start)) / 1000);
}

/** A time in full, in the reader's zone, for hover and focus. */
export function exact(instant: string): string {
  return new Date(instant).toLocaleString();
}

/** The start of an id that is enough to type. */
export function short(id: string): string {
  return id.slice(0, 6);
}

/** A parameter's value, cut where it would break the line. */
export function value(of: unknown): string {
  const words = typeof of === 'number' ? figure(of) : typeof of === 'string' ? of : JSON.stringify(of);
  return words.length <= 24 ? words : `${words.slice(0, 21)}…`;
}

function grouped(whole: number): string {
  return String(whole).replace(/\B(?=(\d{3})+$)/g, THIN);
}
