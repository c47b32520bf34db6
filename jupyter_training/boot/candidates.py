"""Which checkpoints the code may go on from: the order's, and before them what an earlier run of this attempt saved.

A service that interrupts a container starts it again, with the same order and
with what was in the folder of checkpoints as far as it was copied by then. Times
of files say nothing after that, so the newest is told by the manifests; what
came back by halves is passed over here, by names and sizes, and everything else
is checked by who loads it.
"""

from __future__ import annotations

import json
import os
import shutil
from typing import NamedTuple

from jupyter_training.boot.order import Order
from jupyter_training.boot.places import CHANNEL_START, Places
from jupyter_training.spool import checkpoints

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["Found", "found", "said", "sweep"]


class Found(NamedTuple):
    """A checkpoint of this attempt that lies in the folder and is whole, as far as that can be seen quickly."""

    name: str
    step: int
    time: float
    sha256: str
    about: dict[str, Any]  # as it is told of


def found(order: Order, places: Places) -> list[Found]:
    """What this attempt saved before it was interrupted, newest first."""
    told = {str(one.get("name")) for one in order.candidates} | set(order.known)
    ours = [
        name
        for name in _names(places.checkpoints)
        if name not in told and (checkpoints.parts(name) or (0, 0, 0))[1] == order.attempt
    ]
    whole = [one for one in (_read(places.checkpoints, name) for name in ours) if one is not None]
    return sorted(whole, key=lambda one: (one.time, one.step), reverse=True)


def said(order: Order, places: Places, own: list[Found], *, beside: str | None) -> dict[str, Any]:
    """The part about checkpoints of the order that the runtime reads.

    ``beside``: of several hosts, where the others keep theirs. The service copies what all of them have in its folder
    to one place, where files of two hosts under one name would be neither's checkpoint.
    """
    candidates: list[dict[str, Any]] = [
        {"name": one.name, "step": one.step, "sha256": one.sha256, "place": None} for one in own
    ]
    for one in order.candidates:
        name = str(one.get("name"))
        candidate = {"name": name, "step": one.get("step"), "sha256": one.get("sha256"), "place": None}
        if one.get("in") == "start":
            candidate["folder"] = os.path.join(places.channel(CHANNEL_START), name)
        candidates.append(candidate)
    if beside is not None:
        for candidate in candidates:
            candidate.setdefault("folder", os.path.join(places.checkpoints, str(candidate["name"])))
    return {
        "folder": places.checkpoints if beside is None else os.path.join(beside, "checkpoints"),
        "to": None,  # the service copies the folder
        "candidates": candidates,
        # All that lies there now is either a candidate or passed over: its times must not be asked.
        "known": sorted({*order.known, *_names(places.checkpoints)}),
        "base": order.base,
        "sklearn": order.sklearn,
    }


def sweep(places: Places) -> None:
    """Remove what an interruption left half written, before anybody writes here. The service brings that back, too."""
    for name in os.listdir(places.checkpoints):
        if name.startswith(checkpoints.TEMPORARY):
            shutil.rmtree(os.path.join(places.checkpoints, name), ignore_errors=True)


def _names(folder: str) -> list[str]:
    try:
        return [name for name in os.listdir(folder) if checkpoints.is_name(name)]
    except OSError:
        return []


def _read(root: str, name: str) -> Found | None:
    folder = os.path.join(root, name)
    try:
        sha256 = checkpoints.digest(os.path.join(folder, checkpoints.MANIFEST))
        with open(os.path.join(folder, checkpoints.MANIFEST), "rb") as file:
            manifest = json.load(file)
        files = [(str(one["path"]), int(one["size"])) for one in manifest["files"]]
        files = [(path, size) for path, size in files if not checkpoints.is_marker(path)]
        if any(os.stat(os.path.join(folder, path)).st_size != size for path, size in files):
            return None
        about = {
            "size": sum(size for _, size in files),
            "files": len(files),
            "sha256": sha256,
            "place": None,
            "kind": str(manifest.get("kind")),
            "metrics": manifest.get("metrics"),
            "seconds": None,
        }
        return Found(name, int(manifest["step"]), float(manifest["time"]), sha256, about)
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
