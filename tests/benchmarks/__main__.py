"""Run the benchmarks by name, all by default, and print one table.

Exit status 1 when one could not be measured; with --strict also when a budget is missed, which
on a machine that does other things meanwhile says little.
"""

from __future__ import annotations

import importlib
import sys
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.benchmarks.row import Row

KNOWN = sorted(path.stem.removeprefix("bench_") for path in Path(__file__).parent.glob("bench_*.py"))


def main(words: list[str]) -> int:
    strict = "--strict" in words
    words = [word for word in words if word != "--strict"]
    unknown = [word for word in words if word not in KNOWN]
    if unknown:
        print(f"There is no benchmark {unknown[0]!r}; there is: {', '.join(KNOWN)}.", file=sys.stderr)
        return 2
    console = Console(width=None if sys.stdout.isatty() else 150)
    table = Table(title="Budgets", title_justify="left", box=None, pad_edge=False, header_style="bold")
    for heading in ("What", "Figure", "Baseline of the same run", "Ratio", "Budget", "Verdict"):
        table.add_column(heading, justify="right" if heading in ("Figure", "Ratio") else "left", overflow="fold")
    missed = failed = 0
    for name in words or KNOWN:
        start = time.monotonic()
        module = importlib.import_module(f"tests.benchmarks.bench_{name}")
        try:
            rows: list[Row] = module.measure()
        except Exception as error:
            # A benchmark that breaks must not take the others' figures with it.
            failed += 1
            table.add_row(name, "", "", "", "", f"[red]broken[/red]: {type(error).__name__}: {str(error)[:200]}")
            continue
        for one in rows:
            missed += one["ok"] is False
            table.add_row(*cells(one))
        print(f"{name}: {time.monotonic() - start:.1f} s", file=sys.stderr, flush=True)
    console.print(table)
    if missed or failed:
        console.print(f"{missed} over budget, {failed} broken")
    return 1 if failed or (strict and missed) else 0


def cells(one: Row) -> list[str]:
    verdict = {True: "[green]ok[/green]", False: "[red]over[/red]", None: ""}[one["ok"]]
    base = "" if one["baseline"] is None else f"{number(one['baseline'])} {one['unit']}  {one['baseline_what']}"
    ratio = "" if one["ratio"] is None else f"{number(one['ratio'])} x"
    return [one["what"], f"{number(one['figure'])} {one['unit']}", base, ratio, one["budget"], verdict]


def number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
