"""What a condition does to domains: joined to one, or to all of a group."""

from __future__ import annotations

from dataclasses import replace

from jupyter_training.core.expression.condition import All, Condition
from jupyter_training.core.space.domains import Domain

__all__ = ["joined", "with_when"]


def with_when(found: Domain, when: Condition | None) -> Domain:
    """The domain under one more condition, which is asked first."""
    return found if when is None else replace(found, when=joined(when, found.when))


def joined(first: Condition | None, second: Condition | None) -> Condition | None:
    if first is None or second is None:
        return first or second
    firsts = first.parts if isinstance(first, All) else (first,)
    seconds = second.parts if isinstance(second, All) else (second,)
    return All((*firsts, *seconds))
