"""A story with a fault, made smaller while it shows a fault of the same kind: acts are left out, then whole pools."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from tests.dispatch.simulation.draw import Act, After, Move, Story, Submit, Wish
from tests.dispatch.simulation.play import play
from tests.dispatch.simulation.stores import Stores

__all__ = ["reduced"]


def reduced(story: Story, stores: Stores) -> tuple[Story, str]:
    """The smallest that was found, and its fault."""
    words = _fault(story, stores)
    kind = _kind(words)
    while True:
        for smaller in _smaller(story):
            found = _fault(smaller, stores)
            if found and _kind(found) == kind:
                story, words = smaller, found
                break
        else:
            return story, words


def _fault(story: Story, stores: Stores) -> str:
    try:
        with stores.fresh() as store:
            play(story, store)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return ""


def _kind(words: str) -> str:
    return ":".join(words.split(":")[:2])


def _smaller(story: Story) -> Iterator[Story]:
    for place, act in enumerate(story.acts):
        rest = story.acts[:place] + story.acts[place + 1 :]
        if not isinstance(act.deed, Submit):
            yield replace(story, acts=rest)
            continue
        for gone in act.deed.jobs:
            left = tuple(job for job in act.deed.jobs if job is not gone)
            some = (*story.acts[:place], *((Act(act.at, Submit(left)),) if left else ()), *story.acts[place + 1 :])
            kept = (_without(gone.name, one) for one in some)
            yield replace(story, acts=tuple(one for one in kept if one is not None))


def _without(name: str, act: Act) -> Act | None:
    """An act as it is when a job is not there; None where nothing is left of it."""
    deed = act.deed
    if isinstance(deed, Submit):
        jobs = tuple(replace(job, after=tuple(one for one in job.after if one != name)) for job in deed.jobs)
        return Act(act.at, Submit(jobs))
    if isinstance(deed, Wish | Move | After) and deed.job == name:
        return None
    if isinstance(deed, Move) and deed.value == name:
        return None
    if isinstance(deed, After) and name in deed.after:
        return None
    return act
