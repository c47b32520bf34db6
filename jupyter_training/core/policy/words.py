"""Amounts and names in words."""

from __future__ import annotations

from collections.abc import Sequence

from jupyter_training.core.resources import Need

__all__ = ["free", "lacking", "listed", "need", "slots", "used"]

_KINDS = ("slots", "gpus", "cpus", "memory")
_MANY = {"slots": "slots", "gpus": "GPUs", "cpus": "CPUs"}
_ONE = {"slots": "slot", "gpus": "GPU", "cpus": "CPU"}
_SIZES = ((10**12, "TB"), (10**9, "GB"), (10**6, "MB"), (10**3, "kB"))  # as sizes are read: 20G is 20 GB


def slots(count: int) -> str:
    return amount("slots", count)


def amount(kind: str, value: float) -> str:
    """One kind: "2 slots", "1 GPU", "0.5 CPUs", "16 GB of memory"."""
    if kind == "memory":
        return f"{size(int(value))} of memory"
    return f"{value:g} {(_ONE if value == 1 else _MANY)[kind]}"


def size(value: int) -> str:
    for unit, name in _SIZES:
        if abs(value) >= unit:
            return f"{value / unit:.3g} {name}"
    return f"{value} bytes"


def need(asked: Need, kinds: Sequence[str] = _KINDS) -> str:
    """All kinds that are asked for: "1 slot and 2 GPUs"."""
    parts = [amount(kind, getattr(asked, kind)) for kind in kinds if getattr(asked, kind)]
    return listed(parts, at_most=len(parts)) or "nothing"


def free(asked: Need, left: Need) -> str:
    """What is free of what is asked for: "0 free", or with kinds where there are more than one."""
    kinds = [kind for kind in _KINDS if getattr(asked, kind)]
    if kinds == ["slots"]:
        return f"{max(0, left.slots)} free"
    parts = [amount(kind, max(0, getattr(left, kind))) for kind in kinds]
    return f"{listed(parts, at_most=len(parts))} free"


def lacking(asked: Need, left: Need) -> list[str]:
    """The kinds of which less is free than is asked for."""
    return [kind for kind in _KINDS if getattr(asked, kind) and getattr(asked, kind) > getattr(left, kind)]


def used(kind: str, left: Need, whole: Need) -> str:
    """How much of one kind is taken: "1 of 2 slots", "60 GB of 64 GB of memory"."""
    total = getattr(whole, kind)
    taken = total - max(0, getattr(left, kind))
    if kind == "memory":
        return f"{size(int(taken))} of {size(int(total))} of memory"
    return f"{taken:g} of {total:g} {_MANY[kind]}"


def listed(names: Sequence[str], at_most: int = 3) -> str:
    """Names with an "and"; of many only the first, and how many more there are."""
    if len(names) <= at_most:
        return " and ".join(filter(None, [", ".join(names[:-1]), names[-1] if names else ""]))
    return f"{', '.join(names[:2])} and {len(names) - 2} more"
