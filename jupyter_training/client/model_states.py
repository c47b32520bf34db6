"""The states that a tuning job begins with and leaves: where they are, and what an earlier one is good for."""

from __future__ import annotations

import os
import tempfile
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
            words = str(error).rstrip(".")
            raise refused(f"{name}_state_url", words, "Give a folder, or s3://BUCKET/FOLDER.") from None
        if arguments.get("backend") == "sagemaker" and "://" not in place.place:
            words = f"{place.place} is a folder of this machine, and the job runs on another one"
            raise refused(f"{name}_state_url", words, "Give s3://BUCKET/FOLDER.")
        found[name] = url if "://" in url else os.path.abspath(os.path.expanduser(url))
        if name == "input":
            found["input_id"] = _begins_with(place)
    notes = []
    if found["output"] is None:
        notes.append("Nothing of the trained model is kept: there is no output_state_url.")
    elif found["input"] is not None and state.at(found["input"]).place == state.at(found["output"]).place:
        notes.append("input_state_url and output_state_url are the same: the state there is replaced by the new one.")
    return found, notes


def lineage(url: str | os.PathLike[str]) -> list[dict[str, Any]]:
    """The updates that have led to the state in a place, the first one first, each with its ``rows`` of ``hpo.csv``.

    Raises:
        InvalidSpec: a place that there is none of, or no state.
    """
    found, _ = asked({"input_state_url": url, "output_state_url": url, "task_id": None})
    place = state.at(found["input"])
    rows = _history(place)
    return [
        {**one, "rows": [row for row in rows if row[update_history.UPDATE] == str(one["update_id"])]}
        for one in place.about().get("updates", ())
    ]


def _begins_with(place: state.State) -> str | None:
    """The id of the state that is there now."""
    try:
        found = place.about().get("id")
        has_model = place.has(state.MODEL)
    except state.NoState as error:
        raise refused("input_state_url", str(error).rstrip(".")) from None
    except OSError as error:
        raise refused("input_state_url", str(error).rstrip(".")) from None
    if not has_model:
        is_there = "://" in place.place or os.path.isdir(place.place)
        what = f"{place.place} has no {state.MODEL}" if is_there else f"there is no folder {place.place}"
        raise refused("input_state_url", what, "It is the output_state_url of an update before.")
    return str(found) if found else None


def _history(place: state.State) -> list[dict[str, str]]:
    """The rows of all updates that have led there.

    Raises:
        ValueError: they can't be read; the text is a sentence.
    """
    content = place.read(state.HISTORY)
    with tempfile.TemporaryDirectory() as folder:
        if content is not None:
            (Path(folder) / state.HISTORY).write_bytes(content)
        try:
            return update_history.read(os.path.join(folder, state.HISTORY))
        except ValueError as error:
            raise ValueError(str(error).replace(folder, place.place)) from None


def points(
    before: str | None, space: Mapping[str, object], metric: str, mode: str
) -> tuple[list[dict[str, Any]], str | None]:
    """The configurations of earlier updates that a search begins with, and why there are none."""
    if before is None:
        return [], None
    axes = [name for name, value in space.items() if is_axis(value)]
    try:
        rows = _history(state.at(before))
    except ValueError as error:
        raise refused("input_state_url", str(error)) from None
    found, lacking = update_history.configurations(rows, axes, metric, mode)
    if rows and not found:
        without = f"it has no column for {', '.join(lacking)}" if lacking else "none of its rows has all of them"
        return [], f"rush begins without the history of {before}: {without}."
    return found[:_TRIED_FIRST], None
