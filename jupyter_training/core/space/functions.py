"""What a call of the grammar means: each name with its arguments, and what comes of it.

The names are those of Renate and Syne Tune, of Hydra and its Optuna sweeper (their own room is ``hydra``), and
``const``. README.md has the table with who includes which end.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from jupyter_training.core.expression.text import refused, shown
from jupyter_training.core.space import hydra
from jupyter_training.core.space.checks import is_rising
from jupyter_training.core.space.domains import Choice, Const, Domain, Float, Int, Ordinal
from jupyter_training.core.space.given import Arg, Given, a_value
from jupyter_training.core.space.spacing import Scale
from jupyter_training.errors import near_miss

__all__ = ["FUNCTIONS", "Function", "made"]

_NUMERIC = ("count", "sweep")


@dataclass(frozen=True)
class Function:
    """``names`` of the positional arguments, of which ``needed`` must be there; None: any number without names."""

    make: Callable[[Given], Domain]
    names: tuple[str, ...] | None
    needed: int
    options: tuple[str, ...]
    example: str


def made(call: str, args: Sequence[Arg], named: Mapping[str, Arg], columns: Mapping[str, int] | None = None) -> Domain:
    """The domain that a call stands for; a value alone is a Const. ``when`` is not among the named arguments.

    Raises:
        InvalidSpec: no such name or argument, or a domain that makes no sense.
    """
    function = FUNCTIONS.get(call)
    if function is None:
        close = near_miss(call, FUNCTIONS)
        hint = f"Did you mean {close}?" if close else f"There are {', '.join(FUNCTIONS)}."
        raise refused(f"there is no {shown(call)}(...)", hint=f"{hint} Quotes around it all make it a text.")
    allowed = (*(function.names or ()), *function.options)
    for key in named:
        if key not in allowed:
            close = near_miss(key, (*allowed, "when"))
            hint = f"Did you mean {close}=?" if close else f"It takes {', '.join((*allowed, 'when'))}."
            raise refused(f"{call}(...) has no {shown(key)}=", (columns or {}).get(key), hint)
    if function.names is None:
        return function.make(Given(call, named, args))
    if len(args) > len(function.names):
        takes = ", ".join(function.names)
        words = f"{call}({takes}) takes {len(function.names)} values, not {len(args)}"
        raise refused(words, args[len(function.names)].column, f"Write e.g. {function.example}.")
    given = dict(zip(function.names, args, strict=False))
    twice = next((key for key in named if key in given), None)
    if twice is not None:
        raise refused(f"{call}(...) is given {twice} twice", (columns or {}).get(twice))
    given |= named
    missing = [key for key in function.names[: function.needed] if key not in given]
    if missing:
        raise refused(f"{call}(...) lacks {' and '.join(missing)}", hint=f"Write e.g. {function.example}.")
    return function.make(Given(call, given))


def _float(given: Given, *, scale: Scale) -> Domain:
    return Float(
        float(given.number("low")),
        float(given.number("high")),
        scale=scale,
        step=given.number_or_none("step"),
        includes_high=given.flag("includes_high", default=True),
        sweep=given.text("sweep", "all"),  # type: ignore[arg-type]
        count=given.whole_or_none("count"),
    )


def _int(given: Given, *, scale: Scale) -> Domain:
    return Int(
        given.whole("low"),
        given.whole("high"),
        scale=scale,
        step=given.whole("step") if "step" in given.named else 1,
        sweep=given.text("sweep", "all"),  # type: ignore[arg-type]
        count=given.whole_or_none("count"),
    )


def _finite(given: Given, *, scale: Scale) -> Domain:
    sweep, count, size = given.text("sweep", "all"), given.whole_or_none("count"), given.whole("size")
    if given.flag("cast_int"):
        return Int(given.whole("low"), given.whole("high"), scale=scale, points=size, sweep=sweep, count=count)  # type: ignore[arg-type]
    low, high = float(given.number("low")), float(given.number("high"))
    return Float(low, high, scale=scale, points=size, sweep=sweep, count=count)  # type: ignore[arg-type]


def _choice(given: Given) -> Domain:
    return Choice(tuple(given.values()), is_shuffled=given.flag("shuffled"))


def _ordinal(given: Given) -> Domain:
    values = tuple(given.values())
    default = "nn" if len(values) > 1 and is_rising(values) else "equal"
    return Ordinal(values, given.text("kind", default))  # type: ignore[arg-type]


def _logordinal(given: Given) -> Domain:
    return Ordinal(tuple(given.values()), "nn-log")


def _const(given: Given) -> Domain:
    return Const(a_value(given.named["value"], "const"))


def _row(make: Callable[..., Domain], scale: Scale, names: str, example: str, *options: str) -> Function:
    parts = tuple(names.split())
    needed = len([part for part in parts if not part.startswith("[")])
    plain = tuple(part.strip("[]") for part in parts)
    return Function(partial(make, scale=scale), plain, needed, (*options, *_NUMERIC), example)


FUNCTIONS: Mapping[str, Function] = {
    "uniform": _row(_float, "linear", "low high", "uniform(0, 1)", "includes_high"),
    "loguniform": _row(_float, "log", "low high", "loguniform(1e-4, 1e-1)", "includes_high"),
    "reverseloguniform": _row(_float, "reverse_log", "low high", "reverseloguniform(0.9, 0.999)", "includes_high"),
    "randint": _row(_int, "linear", "low high", "randint(1, 8)"),
    "lograndint": _row(_int, "log", "low high", "lograndint(8, 1024)"),
    "quniform": _row(_float, "linear", "low high step", "quniform(0, 1, 0.1)"),
    "qloguniform": _row(_float, "log", "low high step", "qloguniform(0.1, 1, 0.1)"),
    "qrandint": _row(_int, "linear", "low high [step]", "qrandint(0, 100, 10)"),
    "qlograndint": _row(_int, "log", "low high [step]", "qlograndint(8, 1024, 8)"),
    "finrange": _row(_finite, "linear", "low high size [cast_int]", "finrange(0, 1, 11)"),
    "logfinrange": _row(_finite, "log", "low high size [cast_int]", "logfinrange(1e-4, 1e-1, 4)"),
    "choice": Function(_choice, None, 0, ("shuffled",), "choice(32, 64)"),
    "ordinal": Function(_ordinal, None, 0, ("kind",), "ordinal(1, 2, 4)"),
    "logordinal": Function(_logordinal, None, 0, (), "logordinal(1, 10, 100)"),
    "range": Function(hydra.a_range, ("start", "stop", "step"), 0, (), "range(0, 10, 2)"),
    "interval": Function(hydra.an_interval, ("start", "end"), 2, (), "interval(0.0, 1.0)"),
    "tag": Function(hydra.tagged, None, 0, (), "tag(log, interval(1, 100))"),
    "int": Function(partial(hydra.cast, into="int"), ("value",), 1, (), "int(interval(1.0, 5.0))"),
    "float": Function(partial(hydra.cast, into="float"), ("value",), 1, (), "float(range(1, 5))"),
    "str": Function(partial(hydra.cast, into="str"), ("value",), 1, (), "str(choice(1, 2))"),
    "bool": Function(partial(hydra.cast, into="bool"), ("value",), 1, (), "bool(choice(true, false))"),
    "sort": Function(hydra.ordered, None, 0, ("reverse",), "sort(3, 1, 2)"),
    "shuffle": Function(hydra.shuffled, None, 0, (), "shuffle(range(0, 10))"),
    "const": Function(_const, ("value",), 1, (), 'const("a, b")'),
}
