"""The order in its channel: what to run in this container, written by the backend that asked for it."""

from __future__ import annotations

import os
from typing import NamedTuple

from jupyter_training.boot.keeping import Keep
from jupyter_training.boot.places import CHANNEL_ORDER, Places
from jupyter_training.boot.refusals import Refused
from jupyter_training.spool import layout

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["VERSION", "Order", "read"]

VERSION = 1
WITHIN = 110.0  # seconds from SIGTERM to the end; services kill after 120
_GRACE = 10.0  # what a job has of which nobody has said another one
_LAUNCHERS = ("plain", "torchrun")


class Order(NamedTuple):
    """Spans in seconds, sizes in bytes."""

    job: str
    attempt: int
    token: str
    store: str
    launcher: str
    entry: dict[str, Any]
    params: dict[str, Any]
    data: list[dict[str, str]]  # name, kind, and the file in the channel of values
    grace: float
    is_grace_wished: bool  # somebody said how long
    stop_within: float
    pause_within: float
    within: float
    requirements: str | None  # "auto", or a path in the code
    folder: str | None  # the working folder, in the code; None: the code's own
    variables: dict[str, str]
    sample_every: float
    log_cap_bytes: int
    log_head_bytes: int
    hook_within: float
    test: bool
    url: str | None  # where the service keeps what is in the folder of checkpoints
    candidates: list[dict[str, Any]]
    known: list[str]
    base: int
    sklearn: str
    keep: Keep | None  # which of its checkpoints stay; None: all


def read(places: Places) -> Order:
    """The order.

    Raises:
        Refused: it is missing, damaged, or of a later version.
    """
    path = os.path.join(places.channel(CHANNEL_ORDER), layout.ORDER)
    record = layout.read_json(path)
    if record is None:
        raise Refused(f"its order is missing or damaged ({path}).")
    if record.get("version") != VERSION:
        raise Refused(f"its order has version {record.get('version')}, this program reads {VERSION}.")
    try:
        order = _checked(record)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Refused(f"its order is damaged: {type(error).__name__}: {error}.") from None
    if order.launcher not in _LAUNCHERS:
        raise Refused(f"there is no launcher {order.launcher!r} in a container; there is: {', '.join(_LAUNCHERS)}.")
    return order


def _checked(record: dict[str, Any]) -> Order:
    said = record.get("checkpoints") or {}
    within = max(5.0, float(record.get("within", WITHIN)))
    grace = float(record.get("grace", _GRACE))
    return Order(
        job=str(record["job"]),
        attempt=int(record["attempt"]),
        token=str(record["token"]),
        store=str(record.get("store") or ""),
        launcher=str(record.get("launcher") or "plain"),
        entry=dict(record["entry"]),
        params=dict(record.get("params") or {}),
        data=[{key: str(one[key]) for key in ("name", "kind", "file")} for one in record.get("data") or ()],
        grace=min(max(0.0, grace), within / 2),
        is_grace_wished=grace != _GRACE,
        stop_within=max(0.0, float(record.get("stop_within", 30.0))),
        pause_within=max(0.0, float(record.get("pause_within", 600.0))),
        within=within,
        requirements=_text(record.get("requirements")),
        folder=_text(record.get("folder")),
        variables={str(name): str(value) for name, value in (record.get("variables") or {}).items()},
        sample_every=float(record.get("sample_every", 5.0)),
        log_cap_bytes=int(record.get("log_cap_bytes", 0)),
        log_head_bytes=int(record.get("log_head_bytes", 0)),
        hook_within=float(record.get("hook_within", 600.0)),
        test=bool(record.get("test")),
        url=_text(said.get("url")),
        candidates=[dict(one) for one in said.get("candidates") or ()],
        known=[str(one) for one in said.get("known") or ()],
        base=int(said.get("base") or 0),
        sklearn=str(said.get("sklearn") or "skops"),
        keep=Keep.read(said["keep"]) if said.get("keep") else None,
    )


def _text(value: object) -> str | None:
    return str(value).rstrip("/") if value else None
