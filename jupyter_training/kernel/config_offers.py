"""What may come next in a ``%%train_config`` cell: keys and their values.

Without a reader of YAML on this side: a key is what stands before the first
colon of a line, and a line belongs to the nearest one above that is less indented.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from jupyter_training.kernel.commands import CELL, SERVED, Option
from jupyter_training.kernel.offers import Offer, Sources, listed

__all__ = ["KEYS", "offered"]

_OWN_LINE = re.compile(r"(\s*)([A-Za-z_]*)\Z")
_VALUE = re.compile(r"(\s*)([A-Za-z_]+):\s+(?:\[(?:[^\],]*,\s*)*)?([^\s\[\],]*)\Z")
_WRITTEN = re.compile(r"(\s*)([A-Za-z_]+)\s*:")
_NESTED = (
    "params", "tags", "searcher_options", "stop", "space",
    "resources", "environment", "environment.variables", "checkpoints", "checkpoints.keep",
    "options", "options.inputs", "inputs", "sagemaker",
)  # fmt: skip

_STOPS = (
    "max_time", "max_trials_started", "max_trials_completed", "max_trials_finished", "max_cost", "max_failures",
    "target", "plateau",
)  # fmt: skip

# Every key by its path, with the option that says the same; what no option says has none.
KEYS: dict[str, Option | None] = {
    **{option.key: option for option in CELL.options if option.key},
    # Short for the same.
    **{option.name: option for option in CELL.options if option.key.startswith("resources.")},
    **{option.key.removeprefix("options."): option for option in SERVED if option.name != "max_cost"},
    **dict.fromkeys(("role_arn", "sagemaker")),
    **dict.fromkeys(("params", "resources", "environment", "environment.kind", "launcher")),
    **dict.fromkeys(("retries", "retries.on", "hang", "checkpoints", "checkpoints.keep")),
    **dict.fromkeys(("space", "updater")),
    **dict.fromkeys(f"stop.{key}" for key in _STOPS),
    **dict.fromkeys(f"checkpoints.{key}" for key in ("keep.experiment_best", "metric", "mode", "sklearn")),
}
_CHOICES = {
    "environment.kind": ("current",),
    "launcher": ("plain", "torchrun"),
    "retries.on": ("error", "timeout", "lost", "preempted"),
    "checkpoints.mode": ("min", "max"),
    "checkpoints.sklearn": ("skops", "joblib"),
}


def offered(above: list[str], before: str, below: list[str], sources: Sources) -> Offer | None:
    """Keys at the start of a line, values behind a key; None elsewhere. ``before`` is the line to the cursor."""
    value = _VALUE.match(before)
    if value is not None:
        words = _values(_path(above, value[1], value[2]), sources)
        return Offer("value", words, value[3]) if words else None
    start = _OWN_LINE.match(before)
    if start is None:
        return None
    parent = _path(above, start[1], "")
    if parent is None:
        return None
    known = [path.removeprefix(parent) for path in KEYS if path.startswith(parent)]
    written = set(_siblings(reversed(above), start[1])) | set(_siblings(below, start[1]))
    keys = sorted(key for key in known if "." not in key and key not in written)
    return Offer("param", [f"{key}:" if parent + key in _NESTED else f"{key}: " for key in keys], start[2])


def _values(path: str | None, sources: Sources) -> list[str]:
    option = KEYS.get(path or "")
    if option is None:
        return list(_CHOICES.get(path or "", ()))
    if option.kind == "switch":
        return ["true", "false"]
    return list(option.choices) or list(_CHOICES.get(path or "", ())) or listed(option.lists, sources)


def _path(above: list[str], indent: str, key: str) -> str | None:
    """The dotted path of a key at this depth; None below a key that has none known beneath it."""
    if not indent:
        return key
    depth = len(indent)
    parents: list[str] = []
    for line in reversed(above):
        found = _WRITTEN.match(line)
        if found is not None and len(found[1]) < depth:
            parents.insert(0, found[2])
            depth = len(found[1])
            if depth == 0:
                break
    path = "".join(f"{parent}." for parent in parents)
    return path + key if any(known.startswith(path) for known in KEYS) and parents else None


def _siblings(lines: Iterable[str], indent: str) -> Iterable[str]:
    """Keys at this depth, up to a line that is less indented."""
    for line in lines:
        if line.strip() and len(line) - len(line.lstrip()) < len(indent):
            return
        found = _WRITTEN.match(line)
        if found is not None and found[1] == indent:
            yield found[2]
