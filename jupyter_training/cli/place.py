"""Which store a command speaks to: a server that was named, else the home, in this process."""

from __future__ import annotations

import argparse
import os
from typing import Any

from jupyter_training.client.client import Client
from jupyter_training.errors import InvalidUsage, NotFound, Refused, TrainingError
from jupyter_training.settings import Settings

__all__ = ["client_of", "each", "found", "settings_of"]


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
