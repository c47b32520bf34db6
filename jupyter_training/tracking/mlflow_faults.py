"""What MLflow raises, in the tracker seam's three words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import requests
import sqlalchemy.exc
from mlflow.exceptions import MlflowException

from jupyter_training.seams.tracker import RunLost, TrackerUnavailable

__all__ = ["Refused", "told"]

_REFUSALS = frozenset({"INVALID_PARAMETER_VALUE", "INVALID_STATE", "RESOURCE_ALREADY_EXISTS", "FEATURE_DISABLED"})
_PASSWORD = re.compile(r"(?<=://)[^/@\s]+@")


class Refused(Exception):
    """It answers, and does not take this content."""


@contextmanager
def told() -> Iterator[None]:
    """Translate what MLflow raises.

    Anything that is not known to be about the content counts as an outage:
    waiting and trying again is right for all of those, and loses nothing.

    Raises:
        Refused, RunLost, TrackerUnavailable
    """
    try:
        yield
    except MlflowException as error:
        if error.error_code in _REFUSALS:
            raise Refused(_line(error)) from error
        if error.error_code == "RESOURCE_DOES_NOT_EXIST":
            raise RunLost(_line(error)) from error
        raise TrackerUnavailable(_line(error)) from error
    except (sqlalchemy.exc.SQLAlchemyError, requests.RequestException, OSError) as error:
        raise TrackerUnavailable(_line(error)) from error


def _line(error: Exception) -> str:
    """The error in one line, of bounded length and without a server's password."""
    text = _PASSWORD.sub("", " ".join(str(error).split()))
    return f"{type(error).__name__}: {text[:500]}"
