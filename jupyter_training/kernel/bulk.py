"""Verbs on several jobs: one result for each word and job, and an error at the end where one was refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jupyter_training.errors import InvalidUsage, NotFound, Problem, Refused, TrainingError, from_problem
from jupyter_training.kernel.arguments import Parsed
from jupyter_training.kernel.meant import pattern_of
from jupyter_training.kernel.tell import called

if TYPE_CHECKING:
    from jupyter_training.kernel.desk import Desk

__all__ = ["Found", "act", "found"]

Job = Mapping[str, Any]


@dataclass
class Found:
    """The jobs that a line names, by id, and the words that name none."""

    jobs: dict[str, Job]
    refused: list[tuple[str, TrainingError]]


def found(desk: Desk, parsed: Parsed, verb: str) -> Found:
    """What the words of a line stand for; one that can't be found stops no other."""
    meant = pattern_of(verb, force=parsed.on("force"))
    result = Found({}, [])
    for text in parsed.operands:
        try:
            result.jobs.update((job["id"], job) for job in desk.jobs_of(text, meant=meant))
        except (NotFound, Refused, InvalidUsage) as error:
            result.refused.append((text, error))
    return result


def act(
    desk: Desk,
    parsed: Parsed,
    verb: str,
    words: Callable[[Job], str],
    *,
    jobs: Found | None = None,
    then: Callable[[Job], None] | None = None,
) -> None:
    """Wish something of every job that the line names, and say what becomes of each; ``then`` gets those that take it.

    ``jobs``: what the line names, where it was looked up before.

    Raises:
        TrainingError: the one refusal, where it was all that was asked; else Refused, with each of them.
    """
    named = jobs or found(desk, parsed, verb)
    names = {job["id"]: called(job) for job in named.jobs.values()}
    refused, asked = list(named.refused), len(names) + len(named.refused)
    options = {name: True for name in ("discard", "force") if parsed.on(name)}
    for one in desk.session.client.act(verb, *names, **options) if names else []:
        if not one["ok"]:
            refused.append((names[one["id"]], from_problem(one["problem"])))
            continue
        job = one["job"]  # of a deleted one: as it was
        if not parsed.on("quiet"):
            desk.screen.say(f"{names[one['id']]} {words(job)}.")
        if then is not None:
            then(job)
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
