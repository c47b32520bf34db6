"""What the supervisor reads of an attempt's order."""

from __future__ import annotations

import json
import os
from typing import NamedTuple

from jupyter_training.spool import layout

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["UNKNOWN", "Order", "Unreadable", "environment", "read", "take_secrets"]


class Unreadable(Exception):
    """There is no order that could be carried out; the text says why, as the end of a sentence."""


class Order(NamedTuple):
    """Spans in seconds, sizes in bytes."""

    job: str
    attempt: int
    token: str
    argv: list[str]
    folder: str
    env: dict[str, str]
    output: str
    grace: float
    stop_within: float
    pause_within: float
    sample_every: float
    log_cap_bytes: int  # 0: no limit
    log_head_bytes: int


# For what was begun and has lost its order since: watched with everybody's defaults.
UNKNOWN = Order(
    "",
    0,
    "",
    [],
    "",
    {},
    "",
    grace=10,
    stop_within=30,
    pause_within=600,
    sample_every=5,
    log_cap_bytes=0,
    log_head_bytes=0,
)


def read(folder: str) -> Order:
    """The order in an attempt's folder.

    Raises:
        Unreadable: it is missing, damaged, or of a later version.
    """
    record = layout.read_json(os.path.join(folder, layout.ORDER))
    if record is None:
        raise Unreadable("its order is missing or damaged.")
    if record.get("version") != layout.VERSION:
        raise Unreadable(f"its order has version {record.get('version')}, this program reads {layout.VERSION}.")
    try:
        return _checked(record)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Unreadable(f"its order is damaged: {type(error).__name__}: {error}.") from None


def environment(order: Order, folder: str, secrets: dict[str, str]) -> dict[str, str]:
    """All variables of the person's process."""
    return {
        "PYTHONUNBUFFERED": "1",
        **order.env,
        **secrets,
        "JUPYTER_TRAINING_JOB": order.job,
        "JUPYTER_TRAINING_ATTEMPT": str(order.attempt),
        "JUPYTER_TRAINING_SPOOL": folder,
        "JUPYTER_TRAINING_OUTPUT": order.output,
    }


def take_secrets(folder: str) -> dict[str, str]:
    """The values that came beside the order. Their file is removed."""
    path = os.path.join(folder, layout.SECRETS)
    try:
        with open(path, "rb") as file:
            values = json.loads(file.read())
        os.unlink(path)
    except FileNotFoundError:
        return {}
    except ValueError:
        raise Unreadable("the secrets that were handed over are damaged.") from None
    return {str(name): str(value) for name, value in values.items()}


def _checked(record: dict[str, Any]) -> Order:
    argv = [str(word) for word in record["argv"]]
    if not argv:
        raise ValueError("no command")
    return Order(
        job=str(record["job"]),
        attempt=int(record["attempt"]),
        token=str(record["token"]),
        argv=argv,
        folder=str(record["folder"]),
        env={str(name): str(value) for name, value in record["env"].items()},
        output=str(record["output"]),
        grace=max(0.0, float(record["grace"])),
        stop_within=max(0.0, float(record.get("stop_within", 30.0))),
        pause_within=max(0.0, float(record.get("pause_within", 600.0))),
        sample_every=max(0.1, float(record.get("sample_every", 5.0))),
        log_cap_bytes=max(0, int(record.get("log_cap_bytes", 0))),
        log_head_bytes=max(0, int(record.get("log_head_bytes", 0))),
    )
