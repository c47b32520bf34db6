"""What ``%%train`` does, from its words to its card."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from jupyter_training.errors import InvalidSpec, TrainingError
from jupyter_training.kernel import body as bodies
from jupyter_training.kernel import card, plan, rehearsal, search_card, search_words, tell, waiting
from jupyter_training.kernel import wish as wishes
from jupyter_training.kernel.arguments import Parsed
from jupyter_training.kernel.configs import Config
from jupyter_training.kernel.notebook import Place
from jupyter_training.kernel.screen import Screen
from jupyter_training.kernel.session import Session, held
from jupyter_training.kernel.wording import plain

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from jupyter_training.client.context import Packed
    from jupyter_training.kernel.request import Built
    from jupyter_training.kernel.wish import Wish

__all__ = ["config_of", "train"]


def config_of(session: Session, parsed: Parsed) -> Config | None:
    """The config that the line names.

    Raises:
        InvalidUsage: this kernel knows none of that name; with the near miss.
    """
    name = parsed.text("config")
    return session.configs.get(name, session.client) if name is not None else None


def train(
    session: Session, shell: InteractiveShell, parsed: Parsed, config: Config | None, *, cell: str, place: Place
) -> None:
    """Send a cell as a job and show its card; or show what would be sent."""
    from jupyter_training.kernel import request as requests

    screen = Screen(shell)
    line = wishes.of_line(parsed)
    code = bodies.read(cell, first_line=place.first_line)
    line = wishes.resuming(line, code)
    wish = _by_ids(wishes.over(line, config.values) if config is not None else line, shell.user_ns)
    resolved = bodies.resolve(code, wish.params)
    context = _packed(session, wish, place)
    built = requests.build(wish, code, resolved.params, place, shell.user_ns, context=context)
    if not wish.quiet:
        for warning in (*code.passed, *resolved.warnings):
            screen.warn(f"{place.shown_as}, line {warning.line}: {warning.detail}")
        for note in built.notes:
            screen.warn(note)
    act = _plan if parsed.on("dry_run") else _rehearse if parsed.on("test") else _submit
    try:
        act(session, shell, wish, built, screen)
    except InvalidSpec as error:
        raise search_words.for_the_line(error) from None


def _by_ids(wish: Wish, names: Mapping[str, Any]) -> Wish:
    """The wish with every ``@variable`` that it starts after as that handle's id."""
    if not wish.values.get("after"):
        return wish
    after = [held(one[1:], names) if one.startswith("@") else one for one in wish.values["after"]]
    return replace(wish, values={**wish.values, "after": after})


def _packed(session: Session, wish: Wish, place: Place) -> Packed | None:
    """The folder that goes along, without the notebook itself: it changes whenever it is saved, and the job with it."""
    if wish.context is None:
        return None
    return session.client.pack(wish.context, without=[place.notebook] if place.notebook is not None else [])


def _plan(session: Session, shell: InteractiveShell, wish: Wish, built: Built, screen: Screen) -> None:
    found = session.client.plan(built.request)
    if wish.out is not None:
        shell.user_ns[wish.out] = found
    if not wish.quiet:
        screen.table(plan.planned(found, built.request, context=built.context))


def _rehearse(session: Session, shell: InteractiveShell, wish: Wish, built: Built, screen: Screen) -> None:
    name = wish.name or "This cell"
    drawing = screen.drawing() if not wish.quiet else None
    _send_values(session, wish, built, screen)
    if drawing is not None and drawing.lasts and not plain():
        drawing.draw(rehearsal.begun(name))
    try:
        with rehearsal.given_up():
            found = session.client.rehearse(built.request)
    except (TrainingError, KeyboardInterrupt):
        if drawing is not None:
            drawing.draw(rehearsal.untold(name), final=True)
        raise
    if wish.out is not None:
        shell.user_ns[wish.out] = found
    if drawing is not None:
        drawing.draw(rehearsal.bundle(name, found), final=True)
    if not found["ok"]:
        raise rehearsal.failed(name, found, shown=drawing is not None)


def _send_values(session: Session, wish: Wish, built: Built, screen: Screen) -> None:
    """Send what the request names by its hash."""
    if built.context is not None:
        if not wish.quiet:
            screen.say(built.context.sentence)
        session.client.put_data(built.context)
    for value in built.taken:
        session.client.put_data(value)


def _submit(session: Session, shell: InteractiveShell, wish: Wish, built: Built, screen: Screen) -> None:
    client = session.client
    _send_values(session, wish, built, screen)
    result: dict[str, Any] = client.submit_request(built.request)
    if wish.out is not None:
        shell.user_ns[wish.out] = client.handle_of(result)
    searches = result.get("experiment") is not None
    job = result["experiment"] if searches else result["job"]
    drawing = None
    if not wish.quiet:
        for sentence in search_words.submitted(result) if searches else tell.submitted(result):
            screen.say(sentence)
        drawing = screen.drawing()
        drawing.draw(search_card.bundle(job) if searches else card.bundle(job), final=not wish.waits)
    quietly = drawing is not None and session.is_drawn_by_page(shell)
    if wish.waits:
        waiting.stay(client, [job], [drawing], drawer=session.drawer, quietly=quietly, say=screen.warn)
    else:
        session.drawer.follow(client, job, drawing, quietly=quietly)
