"""What a card shows beside its job's view: curves, a failure's words, a small figure.

A card that lacks something for once is better than none: ``pictures`` leaves out what can't be fetched.
"""

from __future__ import annotations

import base64
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from jupyter_training.errors import NotFound, Unavailable
from jupyter_training.kernel import card
from jupyter_training.kernel.curve import Points
from jupyter_training.kernel.failure import ending

if TYPE_CHECKING:
    from jupyter_training.client.client import Client

__all__ = ["curves", "log_end", "pictures"]

_POINTS = 100  # of each curve on a card
_LOG_TAIL = 16 * 1024  # bytes of a failed job's log, for its traceback
_SMALL_FIGURE = 9_000  # bytes; a larger one has no room in a card

_log = logging.getLogger(__name__)


def curves(client: Client, job: Mapping[str, Any], *names: str, points: int = _POINTS) -> dict[str, Points]:
    """The curves of a job's metrics by name; without names those that a card draws.

    What a later attempt superseded is left out: a resumed job has one curve.
    """
    wanted = names or card.ranked(job["metrics"])[: card.CURVES]
    if not wanted:
        return {}
    series = client.metrics(job["id"], *wanted, points=points)["series"]
    valid = [one for one in series if not one.get("superseded")]
    return {one["name"]: [(point[0], point[2]) for point in one["points"]] for one in valid}


def pictures(client: Client, job: Mapping[str, Any], *, failure: bool = True) -> tuple[dict[str, Points], card.Extras]:
    """Curves, the latest figure where it is small, and with ``failure`` the traceback of a failed job."""
    try:
        drawn = curves(client, job)
    except (Unavailable, NotFound) as error:
        _log.debug("The card of %s lacks its curves: %s", job["id"], error)
        drawn = {}
    ended = ending(log_end(client, job)) if failure and job["state"] == "failed" else ([], [])
    return drawn, card.Extras(*ended, figure=_figure(client, job))


def log_end(client: Client, job: Mapping[str, Any]) -> str:
    """The end of the job's log; empty where there is none to be had."""
    if not job["attempts"]:
        return ""
    try:
        return str(client.logs(job["id"], tail=_LOG_TAIL)["text"])
    except (Unavailable, NotFound) as error:
        _log.debug("The end of the log of %s did not come: %s", job["id"], error)
        return ""


def _figure(client: Client, job: Mapping[str, Any]) -> str:
    latest = job["figure"]
    if latest is None or latest["size"] > _SMALL_FIGURE:
        return ""
    try:
        content = client.artifact(job["id"], latest["id"])
    except (Unavailable, NotFound) as error:
        _log.debug("The figure of %s did not come: %s", job["id"], error)
        return ""
    return f"data:{latest['type']};base64,{base64.b64encode(content).decode()}"
