"""A domain as a text of the grammar, which Python reads too: ``loguniform(0.0001, 0.1, when="optimizer == 'sgd'")``."""

from __future__ import annotations

from jupyter_training.core.expression import condition
from jupyter_training.core.expression.text import number_text, quoted, value_text
from jupyter_training.core.space.domains import Choice, Const, Domain, Float, Int, Ordinal

__all__ = ["expression"]

_FLOATS = {"linear": "uniform", "log": "loguniform", "reverse_log": "reverseloguniform"}
_INTS = {"linear": "randint", "log": "lograndint"}


def expression(domain: Domain) -> str:
    """The text of which ``domain_of_text`` makes an equal one."""
    name, arguments = _parts(domain)
    if domain.when is not None:
        arguments.append(f"when={quoted(condition.text(domain.when))}")
    return f"{name}({', '.join(arguments)})"


def _parts(domain: Domain) -> tuple[str, list[str]]:
    if isinstance(domain, Const):
        return "const", [value_text(domain.value)]
    if isinstance(domain, Choice):
        return "choice", [value_text(list(domain.values)), *(["shuffled=True"] if domain.is_shuffled else [])]
    if isinstance(domain, Ordinal):
        return "ordinal", [value_text(list(domain.values)), f"kind={quoted(domain.kind)}"]
    if isinstance(domain, Int):
        return _int(domain)
    return _float(domain)


def _int(domain: Int) -> tuple[str, list[str]]:
    name = _INTS[domain.scale]
    arguments = [number_text(domain.low), number_text(domain.high)]
    if domain.points is not None:
        name = "logfinrange" if domain.scale == "log" else "finrange"
        arguments += [number_text(domain.points), "cast_int=True"]
    elif domain.step != 1:
        name = f"q{name}"
        arguments.append(number_text(domain.step))
    return name, arguments + _options(domain)


def _float(domain: Float) -> tuple[str, list[str]]:
    name = _FLOATS[domain.scale]
    arguments = [number_text(domain.low), number_text(domain.high)]
    if domain.points is not None:
        name = "logfinrange" if domain.scale == "log" else "finrange"
        arguments.append(number_text(domain.points))
    elif domain.step is not None:
        name = f"q{name}"
        arguments.append(number_text(domain.step))
    if not domain.includes_high:
        arguments.append("includes_high=False")
    return name, arguments + _options(domain)


def _options(domain: Int | Float) -> list[str]:
    options = [f"sweep={quoted(domain.sweep)}"] if domain.sweep != "all" else []
    return options if domain.count is None else [*options, f"count={domain.count}"]
