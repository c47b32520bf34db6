"""The magics: ``%%train`` sends a cell's code as a job, ``%train`` looks at jobs and stops them.

Loading is silent, installs no hook into cells, and imports nothing heavy; the
server is looked for when something is first asked of it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from IPython.core.magic import Magics, cell_magic, line_magic, magics_class, no_var_expand

from jupyter_training.errors import InvalidUsage, TrainingError
from jupyter_training.kernel import body as bodies
from jupyter_training.kernel import card, completion, explain, waiting
from jupyter_training.kernel import wish as wishes
from jupyter_training.kernel.arguments import Parsed, parse, verb_of
from jupyter_training.kernel.commands import CELL
from jupyter_training.kernel.failure import present
from jupyter_training.kernel.notebook import Place, place_of
from jupyter_training.kernel.screen import Screen
from jupyter_training.kernel.session import Session
from jupyter_training.kernel.verbs import ACTIONS, Desk

if TYPE_CHECKING:
    from IPython.core.completer import CompletionContext, SimpleMatcherResult
    from IPython.core.interactiveshell import InteractiveShell

__all__ = ["TrainMagics", "load", "unload"]

_LOADED = "_jupyter_training_loaded"


@magics_class
class TrainMagics(Magics):
    """Train cells as jobs of their own. See ``%train help``."""

    def __init__(self, shell: InteractiveShell, session: Session | None = None) -> None:
        super().__init__(shell)
        self.session = session or Session()

    @no_var_expand
    @cell_magic("train")  # type: ignore[arg-type]
    def cell(self, line: str, cell: str) -> None:
        """Train this cell's code as a job."""
        text = f"%%train {line}\n{cell}"
        places: dict[str, tuple[int, int]] = {}
        place: Place | None = None
        try:
            parsed = parse(CELL, line, offset=len("%%train "))
            places.update(parsed.places)
            place = place_of(self._shell, cell)
            text = "\n" * (place.first_line - 2) + text
            self._train(parsed, cell, place)
        except TrainingError as error:
            label = place.shown_as if place is not None else "cell"
            raise present(error, text, places=places, label=label, top=place.first_line - 1 if place else 1) from None

    @no_var_expand
    @line_magic("train")  # type: ignore[arg-type]
    def line(self, line: str) -> None:
        """Look at jobs and stop them; alone it lists the newest."""
        text = f"%train {line}"
        places: dict[str, tuple[int, int]] = {}
        try:
            command, rest, begin = verb_of(line)
            parsed = parse(command, rest, offset=len("%train ") + begin)
            places.update(parsed.places)
            ACTIONS[command.name](Desk(self.session, Screen(self._shell), self._shell), parsed)
        except TrainingError as error:
            raise present(error, text, places=places, label="line") from None

    @property
    def _shell(self) -> InteractiveShell:
        assert self.shell is not None
        return self.shell

    def _train(self, parsed: Parsed, cell: str, place: Place) -> None:
        from jupyter_training.client.handle import Handle
        from jupyter_training.kernel import request as requests

        wish = wishes.of_line(parsed)
        screen, quiet = Screen(self._shell), wish.quiet
        code = bodies.read(cell, first_line=place.first_line)
        resolved = bodies.resolve(code, wish.params)
        built = requests.build(wish, code, resolved.params, place, self._shell.user_ns)
        if not quiet:
            for warning in resolved.warnings:
                screen.warn(f"{place.shown_as}, line {warning.line}: {warning.detail}")
            for note in built.notes:
                screen.warn(note)
        if parsed.on("dry_run"):
            shown = {key: value for key, value in built.request.items() if key not in ("key", "secrets")}
            screen.say(json.dumps(shown, indent=2, ensure_ascii=False))
            return
        client = self.session.client
        job = client.submit_request(built.request)["job"]
        if wish.out is not None:
            self._shell.user_ns[wish.out] = Handle(client, job)
        drawing = None if quiet else screen.drawing()
        if drawing is not None:
            drawing.draw(card.bundle(job), final=not wish.waits)
        if wish.waits:
            waiting.stay(client, [job], [drawing])


def load(shell: InteractiveShell) -> None:
    """Make the magics known to a shell. Loading twice is loading once."""
    if getattr(shell, _LOADED, None) is not None:
        return
    magics = TrainMagics(shell)
    shell.register_magics(magics)
    register: Any = shell.register_magic_function
    register(_misplaced, "line", "%train")
    one = completion.matcher(completion.Memory(magics.session.job_words), completion.Memory(magics.session.pool_words))
    completion.install(shell, one)
    setattr(shell, _LOADED, (magics, one))


def unload(shell: InteractiveShell) -> None:
    """Take back what ``load`` did."""
    loaded: tuple[TrainMagics, Callable[[CompletionContext], SimpleMatcherResult]] | None
    loaded = getattr(shell, _LOADED, None)
    if loaded is None:
        return
    magics, one = loaded
    completion.remove(shell, one)
    registered: Any = shell.magics_manager.magics
    for kind, name in (("cell", "train"), ("line", "train"), ("line", "%train")):
        registered[kind].pop(name, None)
    magics.session.close()
    setattr(shell, _LOADED, None)


@no_var_expand
def _misplaced(_: str) -> None:
    """``%%train`` below other lines of a cell: IPython calls it as a line magic of that name."""
    error = InvalidUsage(
        "%%train must be on the first line of its cell.",
        hint="Put it into a cell of its own; comments and imports go below it.",
    )
    raise present(error)


# What %%train? and %train? show.
setattr(TrainMagics.cell, "__doc__", explain.command(CELL))  # noqa: B010
setattr(TrainMagics.line, "__doc__", explain.overview())  # noqa: B010
