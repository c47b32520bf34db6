"""Axes that were made with Syne Tune's own functions, as Renate's examples do, in our words.

``syne_tune`` is not imported here: an axis of it is only there where somebody has.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from jupyter_training.client import space
from jupyter_training.errors import InvalidSpec, Problem

__all__ = ["translated"]

_FLOATS = {"Uniform": space.uniform, "LogUniform": space.loguniform, "ReverseLogUniform": space.reverseloguniform}
_FLOAT_STEPS = {"Uniform": space.quniform, "LogUniform": space.qloguniform}
_INTS = {"Uniform": space.randint, "LogUniform": space.lograndint}
_INT_STEPS = {"Uniform": space.qrandint, "LogUniform": space.qlograndint}
_SCALES: Mapping[str, tuple[Mapping[str, Any], Mapping[str, Any]]] = {
    "Float": (_FLOATS, _FLOAT_STEPS),
    "Integer": (_INTS, _INT_STEPS),
}


def translated(given: Mapping[str, object]) -> dict[str, object]:
    """A copy of a space whose axes are all of one make.

    Raises:
        InvalidSpec: an axis of Syne Tune that there is no word for here.
    """
    theirs = getattr(sys.modules.get("syne_tune.config_space"), "Domain", None)
    if theirs is None:
        return dict(given)
    return {name: _ours(name, value) if isinstance(value, theirs) else value for name, value in given.items()}


def _ours(name: str, axis: Any) -> space.Axis:
    kind = type(axis).__name__
    if kind in _SCALES:
        sampler = axis.get_sampler()
        plain, stepped = _SCALES[kind]
        step = getattr(sampler, "q", None)
        inner = sampler if step is None else sampler.sampler
        make = (plain if step is None else stepped).get(type(inner).__name__.lstrip("_"))
        if make is not None:
            found: space.Axis = make(axis.lower, axis.upper, *([] if step is None else [step]))
            return found
    elif kind == "FiniteRange":
        scale = space.logfinrange if axis.log_scale else space.finrange
        return scale(axis.lower, axis.upper, axis.size, axis.cast_int)
    elif kind == "OrdinalNearestNeighbor":
        return space.ordinal(list(axis.categories), kind="nn-log" if axis.log_scale else "nn")
    elif kind == "Ordinal":
        return space.ordinal(list(axis.categories), kind="equal")
    elif kind == "Categorical":
        return space.choice(list(axis.categories))
    words = f"there is no axis like this one of Syne Tune here: {axis!r}"
    raise InvalidSpec(f"config_space: {name}: {words}.", errors=[Problem(words, key=name)])
