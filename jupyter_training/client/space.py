"""What a value of a search may be, as Python says it.

    from jupyter_training import loguniform, choice
    Client().submit(train, lr=loguniform(1e-4, 1e-1), batch=choice([32, 64]), metric="val_loss", mode="min")

Each function gives a small mapping that travels as JSON; what it means, and whether it makes sense, is said by the
server. Both bounds are included. ``when`` is a condition on other names: ``when="optimizer == 'sgd'"``; ``count`` is
how many values a grid takes; ``sweep`` says what a plain sweep runs: "all", "below_high" or "none".
"""

from __future__ import annotations

from typing import Any

__all__ = [
    "Axis",
    "choice",
    "const",
    "finrange",
    "logfinrange",
    "logordinal",
    "lograndint",
    "loguniform",
    "ordinal",
    "qlograndint",
    "qloguniform",
    "qrandint",
    "quniform",
    "randint",
    "reverseloguniform",
    "uniform",
]


class Axis(dict[str, Any]):
    """The name of a function of the grammar, its ``args``, and its options. Shown as it is written."""

    def __repr__(self) -> str:
        said = [repr(one) for one in self["args"]]
        said += [f"{name}={value!r}" for name, value in self.items() if name not in ("domain", "args")]
        return f"{self['domain']}({', '.join(said)})"


def uniform(
    low: float,
    high: float,
    *,
    includes_high: bool = True,
    sweep: str = "all",
    count: int | None = None,
    when: str | None = None,
) -> Axis:
    """A number from ``low`` to ``high``."""
    return _axis("uniform", low, high, includes_high=includes_high, sweep=sweep, count=count, when=when)


def loguniform(
    low: float,
    high: float,
    *,
    includes_high: bool = True,
    sweep: str = "all",
    count: int | None = None,
    when: str | None = None,
) -> Axis:
    """A number from ``low`` to ``high``, both above 0, each order of magnitude as likely as another."""
    return _axis("loguniform", low, high, includes_high=includes_high, sweep=sweep, count=count, when=when)


def reverseloguniform(
    low: float,
    high: float,
    *,
    includes_high: bool = True,
    sweep: str = "all",
    count: int | None = None,
    when: str | None = None,
) -> Axis:
    """A number from 0 to below 1 whose distance to 1 is on a log scale: 0.9, 0.99, 0.999."""
    return _axis("reverseloguniform", low, high, includes_high=includes_high, sweep=sweep, count=count, when=when)


def quniform(
    low: float, high: float, step: float, *, sweep: str = "all", count: int | None = None, when: str | None = None
) -> Axis:
    """``low``, ``low + step``, ... up to ``high``, which a whole number of steps must reach."""
    return _axis("quniform", low, high, step, sweep=sweep, count=count, when=when)


def qloguniform(
    low: float, high: float, step: float, *, sweep: str = "all", count: int | None = None, when: str | None = None
) -> Axis:
    """The values of ``quniform``, drawn on a log scale."""
    return _axis("qloguniform", low, high, step, sweep=sweep, count=count, when=when)


def randint(low: int, high: int, *, sweep: str = "all", count: int | None = None, when: str | None = None) -> Axis:
    """A whole number from ``low`` to ``high``."""
    return _axis("randint", low, high, sweep=sweep, count=count, when=when)


def lograndint(low: int, high: int, *, sweep: str = "all", count: int | None = None, when: str | None = None) -> Axis:
    """A whole number from ``low`` to ``high`` on a log scale."""
    return _axis("lograndint", low, high, sweep=sweep, count=count, when=when)


def qrandint(
    low: int, high: int, step: int = 1, *, sweep: str = "all", count: int | None = None, when: str | None = None
) -> Axis:
    """Every ``step``-th whole number from ``low`` to ``high``."""
    return _axis("qrandint", low, high, step, sweep=sweep, count=count, when=when)


def qlograndint(
    low: int, high: int, step: int = 1, *, sweep: str = "all", count: int | None = None, when: str | None = None
) -> Axis:
    """The values of ``qrandint``, drawn on a log scale."""
    return _axis("qlograndint", low, high, step, sweep=sweep, count=count, when=when)


def finrange(
    low: float,
    high: float,
    size: int,
    cast_int: bool = False,
    *,
    sweep: str = "all",
    count: int | None = None,
    when: str | None = None,
) -> Axis:
    """``size`` values from ``low`` to ``high``, evenly spread; with ``cast_int`` rounded to whole numbers."""
    return _axis("finrange", low, high, size, cast_int=cast_int, sweep=sweep, count=count, when=when)


def logfinrange(
    low: float,
    high: float,
    size: int,
    cast_int: bool = False,
    *,
    sweep: str = "all",
    count: int | None = None,
    when: str | None = None,
) -> Axis:
    """``size`` values from ``low`` to ``high``, evenly spread on a log scale."""
    return _axis("logfinrange", low, high, size, cast_int=cast_int, sweep=sweep, count=count, when=when)


def choice(*values: Any, shuffled: bool = False, when: str | None = None) -> Axis:
    """One of the values, in no order: ``choice([32, 64])`` or ``choice(32, 64)``.

    ``shuffled``: a plain sweep runs them in a random order.
    """
    return _axis("choice", _listed(values), shuffled=shuffled, when=when)


def ordinal(*values: Any, kind: str | None = None, when: str | None = None) -> Axis:
    """One of the values, in their order. ``kind``: "equal" draws each as often; "nn" the nearest to a random number,
    which is what rising numbers get, "nn-log" that on a log scale.
    """
    return _axis("ordinal", _listed(values), kind=kind, when=when)


def logordinal(*values: Any, when: str | None = None) -> Axis:
    """One of rising numbers above 0, drawn on a log scale."""
    return _axis("logordinal", _listed(values), when=when)


def const(value: Any, *, when: str | None = None) -> Axis:
    """One value that is no axis: a text as it is, or what is there only under a condition."""
    return _axis("const", value, when=when)


_DEFAULTS = {
    "includes_high": True,
    "sweep": "all",
    "cast_int": False,
    "kind": None,
    "shuffled": False,
    "count": None,
    "when": None,
}


def _axis(name: str, *args: Any, **options: Any) -> Axis:
    said = {option: value for option, value in options.items() if value != _DEFAULTS[option]}
    return Axis(domain=name, args=list(args), **said)


def _listed(values: tuple[Any, ...]) -> list[Any]:
    """``(a, b)``, ``([a, b])`` and an array of values are the same."""
    if len(values) != 1:
        return list(values)
    if isinstance(values[0], (list, tuple, range)):
        return list(values[0])
    to_list = getattr(values[0], "tolist", None)
    found = to_list() if callable(to_list) else None
    return found if isinstance(found, list) else list(values)
