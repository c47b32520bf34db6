"""Which store a command speaks to: a server that was named, else the home, in this process."""

from __future__ import annotations

import argparse
import os
import sys
import time
from typing import Any

from jupyter_training.client.client import Client
from jupyter_training.errors import InvalidUsage, NotFound, Refused, TrainingError
from jupyter_training.settings import Settings

__all__ = ["client_of", "each", "found", "settings_of", "tell_standstill"]

_PATIENCE = 4.0  # seconds for one that is just being started


def settings_of(options: argparse.Namespace) -> Settings:
    return Settings.load(options.home)


def client_of(options: argparse.Namespace) -> Client:
    """The client of a command. Close it, or use it as a context.

    Raises:
        Unavailable: the home's store can't be used.
    """
    settings = settings_of(options)
    named = os.environ.get("JUPYTER_TRAINING_URL") if options.home is None else None
    url = options.url or (named if named != "home" else None)
    if url:
        return Client(url, os.environ.get("JUPYTER_TRAINING_TOKEN"), settings=settings)

    from jupyter_training.client.local import LocalTransport

    return Client(settings=settings, transport=LocalTransport(settings))


def found(client: Client, texts: list[str]) -> list[dict[str, Any]]:
    """The jobs that several words mean, each once.

    Raises:
        UnknownJob, AmbiguousJob: with the near miss or the candidates.
    """
    jobs: dict[str, dict[str, Any]] = {}
    for text in texts:
        view = client.find(text)
        jobs.setdefault(view["id"], view)
    return list(jobs.values())


def each(client: Client, texts: list[str]) -> dict[str, dict[str, Any] | TrainingError]:
    """What several words mean, in their order: a job by its id, or why a word means none, by the word."""
    told: dict[str, dict[str, Any] | TrainingError] = {}
    for text in texts:
        try:
            view = client.find(text)
        except (NotFound, Refused, InvalidUsage) as error:
            told[text] = error
        else:
            told.setdefault(view["id"], view)
    return told


def tell_standstill(client: Client) -> None:
    """A line beside jobs that have not ended, where no dispatcher is alive: what is shown of them stays as it is.

    Reading starts none. A home that a server serves has none missing for long, but a shell alone has no server.
    """
    until = time.monotonic() + _PATIENCE
    while not client.info()["dispatcher"]["alive"]:
        if time.monotonic() < until:
            time.sleep(0.2)
            continue
        print(
            "No dispatcher is alive here: nothing starts, and no end is seen. `jupyter training wait JOB` starts one, "
            "and `jupyter training doctor` says more.",
            file=sys.stderr,
        )
        return
