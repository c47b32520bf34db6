"""Verbs on several jobs: one result for each word and job, and an error at the end where one was refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jupyter_training.errors import InvalidUsage, NotFound, Problem, Refused, TrainingError, from_problem
from jupyter_training.kernel.arguments import Parsed
from jupyter_training.kernel.tell import called

if TYPE_CHECKING:
    from jupyter_training.kernel.verbs import Desk

__all__ = ["act"]


def act(desk: Desk, parsed: Parsed, verb: str, words: str) -> None:
    """Wish something of every job that the line names; one that can't be found or refuses stops no other.

    Raises:
        TrainingError: the one refusal, where it was all that was asked; else Refused, with each of them.
    """
    refused: list[tuple[str, TrainingError]] = []
    names: dict[str, str] = {}
    for text in parsed.operands:
        try:
            names.update((job["id"], called(job)) for job in desk.jobs_of(text))
        except (NotFound, Refused, InvalidUsage) as error:
            refused.append((text, error))
    asked = len(names) + len(refused)
    results = desk.session.client.act(verb, *names) if names else []
    for one in results:
        if one["ok"] and not parsed.on("quiet"):
            desk.screen.say(f"{names[one['id']]} {words}.")
        elif not one["ok"]:
            refused.append((names[one["id"]], from_problem(one["problem"])))
    if not refused:
        return
    if asked == 1:
        raise refused[0][1]
    if not parsed.on("quiet"):
        for name, reason in refused:
            desk.screen.say(f"{name}: {reason}")
    raise Refused(
        f"{len(refused)} of {asked} could not be asked.",
        errors=[Problem(str(reason), key=name) for name, reason in refused] if parsed.on("quiet") else (),
    )
