"""Keys that a config may write at its top instead of in their group: ``slots: 2`` is ``resources: {slots: 2}``.

What a person wrote is what errors speak of, so the way back is here too.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

__all__ = ["KEYS", "gathered", "meant", "written"]

_RESOURCES = ("slots", "gpus", "cpus", "memory", "max_slots")
_OPTIONS = (
    "instance", "instances", "spot", "max_wait", "image", "role", "region", "profile", "bucket", "volume", "inputs",
)  # fmt: skip

# By what may be written, the group and the key in it.
_MEANT: Mapping[str, tuple[str, str]] = {
    **{key: ("resources", key) for key in _RESOURCES},
    **{key: ("options", key) for key in _OPTIONS},
    "role_arn": ("options", "role"),
    "sagemaker": ("options", "request"),
}
KEYS = frozenset(_MEANT)


def gathered(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values with every short key in its group, where it wins over the same one that stands there.

    A group that is no mapping stays as it is: whoever judges it says so.
    """
    found = {key: value for key, value in values.items() if key not in KEYS}
    for key, (group, inner) in _MEANT.items():
        if key not in values:
            continue
        there = found.get(group) or {}
        if isinstance(there, dict):
            found[group] = {**there, inner: values[key]}
    return found


def meant(path: str) -> str:
    """The key path that a text's key stands for: ``instance`` is ``options.instance``."""
    key, dot, below = path.partition(".")
    return f"{'.'.join(_MEANT[key])}{dot}{below}" if key in _MEANT else path


def written(path: str, places: Collection[str]) -> str:
    """The key path of a value as the text has it: ``options.instance`` may be ``instance`` there."""
    group, _, rest = path.partition(".")
    inner, dot, below = rest.partition(".")
    if not inner or f"{group}.{inner}" in places:
        return path
    for key, meant in _MEANT.items():
        if meant == (group, inner) and key in places:
            return f"{key}{dot}{below}"
    return path
