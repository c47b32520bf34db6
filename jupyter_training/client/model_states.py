"""The states that a tuning job begins with and leaves: where they are, and what an earlier one is good for."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jupyter_training.client.config_job import is_axis, refused
from jupyter_training.runtime import state, update_history

__all__ = ["asked", "lineage", "points"]

_TRIED_FIRST = 10  # of the best configurations of earlier updates


def asked(arguments: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Where the state comes from and goes to, as the job reads it, and what is to be said of that.

    Raises:
        InvalidSpec: a place that there is none of, or nothing to begin with.
    """
    found: dict[str, Any] = {"input": None, "output": None, "input_id": None, "task_id": arguments["task_id"]}
    for name in ("input", "output"):
        url = arguments[f"{name}_state_url"]
        if url is None:
            continue
        url = os.fspath(url)
        try:
            place = state.at(url)
        except ValueError as error:
            raise refused(f"{name}_state_url", str(error).rstrip("."), "Give a folder.") from None
        found[name] = url if "://" in url else os.path.abspath(os.path.expanduser(url))
        if name == "input":
            found["input_id"] = _begins_with(place)
    notes = []
    if found["output"] is None:
        notes.append("Nothing of the trained model is kept: there is no output_state_url.")
    elif found["input"] is not None and _path(found["input"]) == _path(found["output"]):
        notes.append("input_state_url and output_state_url are the same: the state there is replaced by the new one.")
    return found, notes


def lineage(url: str | os.PathLike[str]) -> list[dict[str, Any]]:
    """The updates that have led to the state in a place, the first one first, each with its ``rows`` of ``hpo.csv``.

    Raises:
        InvalidSpec: a place that there is none of, or no state.
    """
    found, _ = asked({"input_state_url": url, "output_state_url": url, "task_id": None})
    place: Any = state.at(found["input"])
    rows = update_history.read(os.path.join(place.path, state.HISTORY))
    return [
        {**one, "rows": [row for row in rows if row[update_history.UPDATE] == str(one["update_id"])]}
        for one in place.about().get("updates", ())
    ]


def _begins_with(place: Any) -> str | None:
    """The id of the state that is there now."""
    path = Path(place.path)
    try:
        found = place.about().get("id")
    except state.NoState as error:
        raise refused("input_state_url", str(error).rstrip(".")) from None
    if not (path / state.MODEL).is_file():
        what = f"{path} has no {state.MODEL}" if path.is_dir() else f"there is no folder {path}"
        raise refused("input_state_url", what, "It is the output_state_url of an update before.")
    return str(found) if found else None


def points(
    before: str | None, space: Mapping[str, object], metric: str, mode: str
) -> tuple[list[dict[str, Any]], str | None]:
    """The configurations of earlier updates that a search begins with, and why there are none."""
    if before is None:
        return [], None
    axes = [name for name, value in space.items() if is_axis(value)]
    try:
        rows = update_history.read(os.path.join(_path(before), state.HISTORY))
    except ValueError as error:
        raise refused("input_state_url", str(error)) from None
    found, lacking = update_history.configurations(rows, axes, metric, mode)
    if rows and not found:
        without = f"it has no column for {', '.join(lacking)}" if lacking else "none of its rows has all of them"
        return [], f"rush begins without the history of {before}: {without}."
    return found[:_TRIED_FIRST], None


def _path(url: str) -> str:
    place: Any = state.at(url)
    return os.path.realpath(str(place.path))
