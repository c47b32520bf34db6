"""The magics: ``%%train`` sends a cell's code as a job, ``%train`` looks at jobs and stops them.

Loading is silent, installs no hook into cells, and imports nothing heavy; the
server is looked for when something is first asked of it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from IPython.core.magic import Magics, cell_magic, line_magic, magics_class, no_var_expand

from jupyter_training.errors import InvalidUsage, Problem, TrainingError
from jupyter_training.kernel import completion, configs, explain, tell
from jupyter_training.kernel.arguments import parse, verb_of
from jupyter_training.kernel.commands import CELL, CONFIG, Command
from jupyter_training.kernel.configs import Config
from jupyter_training.kernel.desk import Desk
from jupyter_training.kernel.failure import key_of, present
from jupyter_training.kernel.notebook import line_of, place_of
from jupyter_training.kernel.offers import Known, Sources
from jupyter_training.kernel.screen import Screen
from jupyter_training.kernel.session import Session
from jupyter_training.kernel.train import config_of, train
from jupyter_training.kernel.verbs import ACTIONS

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
        place = place_of(self._shell, cell)
        text = "\n" * (place.first_line - 2) + text
        places: dict[str, tuple[int, int]] = {}
        config: Config | None = None
        try:
            parsed = parse(CELL, line, offset=len("%%train "))
            places.update(parsed.places)
            config = config_of(self.session, parsed)
            train(self.session, self._shell, parsed, config, cell=cell, place=place)
        except TrainingError as error:
            if config is not None and not _stands_in(places, error) and config.placed(error) is not None:
                raise present(error, config.text, label=config.label, top=0) from None
            raise present(error, text, places=places, label=place.shown_as, top=place.first_line - 1) from None

    @no_var_expand
    @cell_magic("train_config")  # type: ignore[arg-type]
    def keep_config(self, line: str, cell: str) -> None:
        """Keep a job's options under a name."""
        text = f"{CONFIG.name} {line}\n{cell}"
        place = place_of(self._shell, cell)
        text = "\n" * (place.first_line - 2) + text
        try:
            parsed = parse(CONFIG, line, offset=len(CONFIG.name) + 1)
            (name,) = parsed.operands
            label = f"config {name}, {place.shown_as}"
            found = configs.read(self.session.client, name, cell, first_line=place.first_line, label=label)
            replaced = self.session.configs.keep(found)
            if not parsed.on("quiet"):
                Screen(self._shell).say(tell.kept(found, replaced=replaced))
        except TrainingError as error:
            raise present(error, text, label=place.shown_as, top=place.first_line - 1) from None

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
            place, top = place_of(self._shell, ""), line_of(self._shell, text)
            raise present(error, "\n" * (top - 1) + text, places=places, label=place.shown_as, top=top) from None

    @property
    def _shell(self) -> InteractiveShell:
        assert self.shell is not None
        return self.shell


def load(shell: InteractiveShell, *, session: Session | None = None) -> None:
    """Make the magics known to a shell. Loading twice is loading once."""
    if getattr(shell, _LOADED, None) is not None:
        return
    magics = TrainMagics(shell, session)
    shell.register_magics(magics)
    register: Any = shell.register_magic_function
    for one in (CELL, CONFIG):
        register(_misplaced(one), "line", one.name.removeprefix("%"))
    matcher = completion.matcher(_sources(shell, magics.session))
    completion.install(shell, matcher)
    setattr(shell, _LOADED, (magics, matcher))


def unload(shell: InteractiveShell) -> None:
    """Take back what ``load`` did."""
    loaded: tuple[TrainMagics, Callable[[CompletionContext], SimpleMatcherResult]] | None
    loaded = getattr(shell, _LOADED, None)
    if loaded is None:
        return
    magics, matcher = loaded
    completion.remove(shell, matcher)
    registered: Any = shell.magics_manager.magics
    for one in (CELL, CONFIG):
        registered["cell"].pop(one.name.lstrip("%"), None)
        registered["line"].pop(one.name.removeprefix("%"), None)
    registered["line"].pop("train", None)
    magics.session.close()
    setattr(shell, _LOADED, None)


def _sources(shell: InteractiveShell, session: Session) -> Sources:
    def variables() -> dict[str, object]:
        hidden = shell.user_ns_hidden
        return {name: one for name, one in shell.user_ns.items() if name[:1] != "_" and hidden.get(name) is not one}

    def handles() -> list[str]:
        modules = (sys.modules.get(f"jupyter_training.client.{name}") for name in ("handle", "experiment_handle"))
        kinds = tuple(
            getattr(one, name) for one in modules for name in ("Handle", "ExperimentHandle") if hasattr(one, name)
        )
        return [name for name, one in variables().items() if isinstance(one, kinds)]  # no kinds: nobody has a handle

    memory: completion.Memory[Known] = completion.Memory(session.known, Known())
    steps: completion.Memories[list[int]] = completion.Memories(session.steps, [])
    return Sources(memory.get, lambda: session.configs.names, variables, handles, steps.get)


def _stands_in(places: dict[str, tuple[int, int]], error: TrainingError) -> bool:
    """Whether what the error speaks of was written on the magic line, or below it."""
    problems = error.errors or (Problem("", key=key_of(error)),)
    return any(problem.line is not None or problem.key in places for problem in problems)


def _misplaced(one: Command) -> Callable[[str], None]:
    """A cell magic below other lines of a cell: IPython calls it as a line magic of that name."""

    @no_var_expand
    def misplaced(_: str) -> None:
        error = InvalidUsage(
            f"{one.name} must be on the first line of its cell.",
            hint="Put it into a cell of its own; comments and everything else go below it.",
        )
        raise present(error)

    found: Callable[[str], None] = misplaced
    return found


# What %%train? and %train? show.
setattr(TrainMagics.cell, "__doc__", explain.command(CELL))  # noqa: B010
setattr(TrainMagics.keep_config, "__doc__", explain.command(CONFIG))  # noqa: B010
setattr(TrainMagics.line, "__doc__", explain.overview())  # noqa: B010
