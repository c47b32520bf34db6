"""What priorities and preemption are worth on the mixed trace, and what they cost: against who comes first, goes first.

The trace and its measure stood before the rules that are judged here; see ``trace``. The figures come out as they are.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

from jupyter_training.core.resources import Pool
from tests.benchmarks.replay import replay
from tests.benchmarks.row import Row, middle
from tests.benchmarks.trace import SEEDS, SLOTS, Standing, mixed, slow_downs

__all__ = ["measure"]

BOX = Pool("local", "local", SLOTS)
RULES = {
    "priorities alone": BOX,
    "preemption, victim last": Pool("local", "local", SLOTS, preemption=True),
    "preemption, victim cheapest": Pool("local", "local", SLOTS, preemption=True, victim="cheapest"),
}
AIMED_SHORT = 1 - 0.96
AIMED_LONG = 1 + 0.18


@dataclass(frozen=True)
class _Pair:
    """The same trace under a rule and in the order of arrival."""

    seed: str
    rule: Standing
    fifo: Standing
    preemptions: int


def measure() -> list[Row]:
    rows: list[Row] = []
    fifo = {}
    for name, seed in SEEDS.items():
        trace = mixed(seed)
        fifo[name] = slow_downs(trace, replay(trace, BOX, first_come=True).ends)
    for what, pool in RULES.items():
        pairs = []
        for name, seed in SEEDS.items():
            trace = mixed(seed)
            found = replay(trace, pool)
            pairs.append(_Pair(name, slow_downs(trace, found.ends), fifo[name], found.preemptions))
        _tell(what, pairs)
        rows += _rows(what, pairs, is_judged=pool.preemption)
    return rows


def _rows(what: str, pairs: list[_Pair], *, is_judged: bool) -> list[Row]:
    short = [one.rule.short_p95 / one.fifo.short_p95 for one in pairs]
    long = [one.rule.long_median / one.fifo.long_median for one in pairs]
    return [
        _row(
            f"mixed trace, {what}: p95 slow-down of the short ({_span(short)})",
            middle([one.rule.short_p95 for one in pairs]),
            middle([one.fifo.short_p95 for one in pairs]),
            middle(short),
            f"-96 % = {AIMED_SHORT:.2f} x" if is_judged else "",
            middle(short) <= AIMED_SHORT if is_judged else None,
        ),
        _row(
            f"mixed trace, {what}: median slow-down of the long ({_span(long)})",
            middle([one.rule.long_median for one in pairs]),
            middle([one.fifo.long_median for one in pairs]),
            middle(long),
            f"at most +18 % = {AIMED_LONG:.2f} x" if is_judged else "",
            middle(long) <= AIMED_LONG if is_judged else None,
        ),
    ]


def _row(what: str, figure: float, baseline: float, ratio: float, budget: str, ok: bool | None) -> Row:
    """The ratio is the median of the traces' own ratios."""
    return Row(
        what=what,
        figure=figure,
        unit="x its work",
        baseline=baseline,
        baseline_what="in the order of arrival",
        ratio=ratio,
        budget=budget,
        ok=ok,
    )


def _span(ratios: list[float]) -> str:
    return f"{100 * (min(ratios) - 1):+.1f} to {100 * (max(ratios) - 1):+.1f} %"


def _tell(what: str, pairs: list[_Pair]) -> None:
    for one in pairs:
        print(
            f"{what}, {one.seed}: short p95 {one.rule.short_p95:.2f} (in order {one.fifo.short_p95:.1f}), "
            f"long median {one.rule.long_median:.2f} (in order {one.fifo.long_median:.2f}), "
            f"{one.preemptions} preemptions",
            file=sys.stderr,
        )
