/** How far the axes of a live chart reach. Pure, but for the one that eases. Knows no Jupyter. */

export interface Range {
  readonly min: number;
  readonly max: number;
}

/** Right ends are multiples of this share of the whole, so that a growing curve moves its axis seldom. */
const STEPS_ACROSS = 8;
const PADDING = 0.06;
/** A range shrinks only once the values fill less than this share of it. */
const FILLED = 0.55;
const EASING_MS = 140;

/** The whole of x; while more comes, a little room is left to grow into. */
export function wholeX(low: number, high: number, growing: boolean): Range {
  if (!(high > low)) {
    return { min: low, max: low + 1 };
  }
  if (!growing) {
    return { min: low, max: high };
  }
  const unit = rounded((high - low) / STEPS_ACROSS);
  return { min: low, max: low + Math.ceil((high - low) / unit) * unit };
}

/** The range of y for values from `low` to `high`, which stays as it was while they fit it well. */
export function calmY(low: number, high: number, before: Range | null): Range {
  const span = high - low;
  if (before && low >= before.min && high <= before.max && span > FILLED * (before.max - before.min)) {
    return before;
  }
  if (!(span > 0)) {
    const room = Math.abs(low) * 0.1 || 1;
    return { min: low - room, max: high + room };
  }
  return { min: low - PADDING * span, max: high + PADDING * span };
}

/** The range of y on a log axis: whole powers of ten, or of 1, 2 and 5 where that would leave it empty. */
export function logY(low: number, high: number): Range {
  const digits = high / low > 30 ? [1, 10] : [1, 2, 5, 10];
  const below = (of: number): number => Math.max(...digits.filter(digit => digit <= of));
  const above = (of: number): number => Math.min(...digits.filter(digit => digit >= of));
  const min = scaled(low, below);
  const max = scaled(high, above);
  return { min, max: max > min ? max : 10 * min };
}

/** Leads a range to another in small steps. `draw` is called for each; at once where motion is not wanted. */
export class Easing {
  constructor(private readonly draw: () => void) {}

  get shown(): Range | null {
    return this._shown;
  }

  /** Where the range is at present, on the way to `target`. */
  toward(target: Range): Range {
    if (this._target && same(this._target, target)) {
      return this._shown ?? target;
    }
    this._from = this._shown;
    this._target = target;
    if (this._from === null || stillWanted()) {
      this._shown = target;
      return target;
    }
    this._began = performance.now();
    cancelAnimationFrame(this._frame);
    this._frame = requestAnimationFrame(this._step);
    return this._from;
  }

  stop(): void {
    cancelAnimationFrame(this._frame);
  }

  private _step = (now: number): void => {
    const target = this._target;
    if (target === null || this._from === null) {
      return;
    }
    const share = Math.min(1, (now - this._began) / EASING_MS);
    const eased = share * (2 - share);
    this._shown =
      share === 1
        ? target
        : {
            min: this._from.min + (target.min - this._from.min) * eased,
            max: this._from.max + (target.max - this._from.max) * eased
          };
    this.draw();
    if (share < 1) {
      this._frame = requestAnimationFrame(this._step);
    }
  };

  private _shown: Range | null = null;
  private _from: Range | null = null;
  private _target: Range | null = null;
  private _began = 0;
  private _frame = 0;
}

function same(one: Range, other: Range): boolean {
  return one.min === other.min && one.max === other.max;
}

function stillWanted(): boolean {
  return window.matchMedia('(prefers-reduced-motion: reduce)').matches;
}

/** A number with its leading digits replaced; what is a hair off a round number counts as that. */
function scaled(size: number, digit: (of: number) => number): number {
  const power = Math.floor(Math.log10(size) + 1e-12);
  return Number(`${digit(Number((size / 10 ** power).toPrecision(12)))}e${power}`);
}

/** The next of 1, 2, 5, 10, 20, 50 ... above. */
function rounded(size: number): number {
  const power = 10 ** Math.floor(Math.log10(size));
  const times = [1, 2, 5, 10].find(of => of * power >= size) ?? 10;
  return times * power;
}
