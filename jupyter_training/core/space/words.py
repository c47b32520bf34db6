"""What a domain is, in words. Which end belongs to it is always said."""

from __future__ import annotations

from jupyter_training.core.expression import condition
from jupyter_training.core.expression.text import shown
from jupyter_training.core.space.domains import Choice, Const, Domain, Int, Ordinal

__all__ = ["words"]

_SHOWN = 8
_SCALES = {"linear": "", "log": ", log scale", "reverse_log": ", reverse log scale"}


def words(domain: Domain) -> str:
    """``9 values, 0.9 to 1.7, both included, by 0.1``."""
    when = f", when {condition.text(domain.when)}" if domain.when is not None else ""
    return f"{_words(domain)}{when}"


def _words(domain: Domain) -> str:
    if isinstance(domain, Const):
        return f"always {shown(domain.value)}"
    if isinstance(domain, (Choice, Ordinal)):
        return _listed(domain)
    low, high = shown(domain.low), shown(domain.high)
    ends = "both included" if domain.includes_high else f"{high} left out"
    size = domain.size()
    if size is None:
        text = f"{low} to {high}, {ends}"
    elif isinstance(domain, Int) and domain.step == 1 and domain.points is None:
        text = f"{_number(size)}, whole numbers {low} to {high}, {ends}"
    else:
        text = f"{_number(size)}, {low} to {high}, {ends}"
        if domain.step is not None and domain.points is None:
            text += f", by {shown(domain.step)}"
    text += _SCALES[domain.scale]
    if domain.count is not None:
        text += f", {domain.count} of them in a grid"
    if domain.sweep == "below_high":
        text += f"; a plain sweep leaves {high} out"
    return text


def _listed(domain: Choice | Ordinal) -> str:
    listed = ", ".join(shown(one) for one in domain.values[:_SHOWN])
    if len(domain.values) == 1:
        return f"one value, {listed}"
    more = f", … {shown(domain.values[-1])}" if len(domain.values) > _SHOWN else ""
    order = ", in this order" if isinstance(domain, Ordinal) else ""
    return f"{_number(len(domain.values))}: {listed}{more}{order}"


def _number(size: int) -> str:
    return "1 value" if size == 1 else f"{size} values"
