"""The verbs that go on with a job's code: as another job (fork, continue), or as the same one (resume)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from jupyter_training.errors import InvalidSpec, Problem, TrainingError, near_miss
from jupyter_training.kernel import card, tell, waiting
from jupyter_training.kernel.arguments import Parsed
from jupyter_training.kernel.configs import Config
from jupyter_training.kernel.desk import Desk
from jupyter_training.kernel.failure import present
from jupyter_training.kernel.notebook import place_of
from jupyter_training.kernel.wish import of_options

__all__ = ["ACTIONS"]

Job = Mapping[str, Any]
_EDITED = ("name", "pool", "backend", "options", "priority", "weight")


def fork(desk: Desk, parsed: Parsed) -> None:
    _make(desk, parsed, desk.session.client.fork)


def continue_(desk: Desk, parsed: Parsed) -> None:
    _make(desk, parsed, desk.session.client.continue_from, checkpoint=parsed.text("checkpoint"))


def resume(desk: Desk, parsed: Parsed) -> None:
    job = desk.job(parsed)
    _check(job, parsed.values)
    result = desk.session.client.resume(job["id"], params=dict(parsed.values))
    desk.session.drawer.again(result["job"])
    _show(desk, parsed, result["job"], tell.resumed(result))


def _make(desk: Desk, parsed: Parsed, ask: Callable[..., dict[str, Any]], **more: object) -> None:
    """Have a new job made of another one, and show it."""
    job = desk.job(parsed)
    _check(job, parsed.values)
    name = parsed.text("config")
    config = desk.session.configs.get(name, desk.session.client) if name is not None else None
    place = place_of(desk.shell, "")
    said = {"name": parsed.text("name"), **of_options(parsed)}
    options = {key: said[key] for key in _EDITED if said.get(key) is not None}
    try:
        result = ask(
            job["id"],
            params=dict(parsed.values),
            config={"text": config.text, "name": config.label} if config is not None else None,
            origin={"notebook": place.notebook, "cell": place.cell, "client": "magic"},
            **options,
            **more,
        )
    except TrainingError as error:
        raise _placed(error, config) from None
    _show(desk, parsed, result["job"], tell.made(result, parsed.values))


def _check(job: Job, given: Mapping[str, object]) -> None:
    """See that no parameter is another one misspelled. A new name may be one that the code looks for.

    Raises:
        InvalidSpec: with the near miss.
    """
    for name in given:
        close = near_miss(name, job["params"]) if name not in job["params"] else None
        if close is not None:
            raise InvalidSpec(
                f"{job['name']} has no parameter {name!r}.",
                hint=f"Did you mean {close!r}?",
                errors=[Problem("unknown parameter", key=f"params.{name}")],
            )


def _placed(error: TrainingError, config: Config | None) -> TrainingError:
    """An error that speaks of a line speaks of the config's text, and is shown there."""
    if config is None or not any(problem.line is not None for problem in error.errors):
        return error
    return present(error, config.text, label=config.label, top=0)


def _show(desk: Desk, parsed: Parsed, job: dict[str, Any], sentences: list[str]) -> None:
    from jupyter_training.client.handle import Handle

    variable = parsed.text("o")
    if variable is not None:
        desk.shell.user_ns[variable] = Handle(desk.session.client, job)
    session, drawing = desk.session, None
    if not parsed.on("quiet"):
        for sentence in sentences:
            desk.screen.say(sentence)
        drawing = desk.screen.drawing()
        drawing.draw(card.bundle(job), final=not parsed.on("wait"))
    quietly = drawing is not None and session.is_drawn_by_page(desk.shell)
    if parsed.on("wait"):
        waiting.stay(session.client, [job], [drawing], drawer=session.drawer, quietly=quietly, say=desk.screen.warn)
    elif drawing is not None:
        session.drawer.follow(session.client, job, drawing, quietly=quietly)


ACTIONS: dict[str, Callable[[Desk, Parsed], None]] = {"fork": fork, "continue": continue_, "resume": resume}
