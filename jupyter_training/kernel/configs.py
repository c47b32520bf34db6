"""The configs of this kernel: what ``%%train_config NAME`` keeps and ``--config NAME`` uses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_training.errors import InvalidSpec, InvalidUsage, Problem, TrainingError, near_miss
from jupyter_training.kernel.failure import key_of, place_of_key

if TYPE_CHECKING:
    from jupyter_training.client.client import Client

__all__ = ["Config", "Configs", "read"]

_FILE = (".yaml", ".yml")


@dataclass(frozen=True)
class Config:
    """A config as the server understood it, and the text of its cell for errors that come later.

    ``places``: line and column of each key path in that text.
    """

    name: str
    text: str
    values: Mapping[str, Any]
    places: Mapping[str, tuple[int, int]]
    label: str  # what errors call the text

    def placed(self, error: TrainingError) -> TrainingError | None:
        """The error at the place of its key in this config, where the config has that key."""
        found = []
        for problem in error.errors or (Problem(error.detail, key=key_of(error)),):
            place = self._place(problem.key)
            if problem.line is not None or place is None:
                return None
            found.append(replace(problem, line=place[0], column=place[1]))
        error.errors = tuple(found)
        return error

    def _place(self, key: str | None) -> tuple[int, int] | None:
        if key is None:
            return None
        return place_of_key(key, self.places) or self.places.get(key.removeprefix("resources."))


class Configs:
    """Configs by name, as long as the kernel lives."""

    def __init__(self) -> None:
        self._kept: dict[str, Config] = {}
        self._files: dict[Path, Config] = {}

    @property
    def names(self) -> list[str]:
        return sorted(self._kept)

    def keep(self, config: Config) -> bool:
        """Keep a config; whether it takes the place of another."""
        there = config.name in self._kept
        self._kept[config.name] = config
        return there

    def get(self, name: str, client: Client) -> Config:
        """The config of that name; a name that ends in ``.yaml`` is a file, which is read each time.

        A server is asked about a file whose text is new; what has changed around an old one is said by the submit.

        Raises:
            InvalidUsage: there is none, with the near miss.
            InvalidSpec: a file that is wrong, at line and column.
        """
        if name in self._kept:
            return self._kept[name]
        if name.endswith(_FILE):
            path = Path(name).expanduser()
            text, place = _text_of(path), path.absolute()
            known = self._files.get(place)
            if known is None or known.text != text:
                known = self._files[place] = _of_file(path, text, client)
            return known
        close = near_miss(name, self._kept)
        if close:
            hint = f"Did you mean {close!r}?"
        elif self._kept:
            hint = f"There is: {', '.join(self.names)}."
        else:
            hint = f"Run a cell that begins with %%train_config {name} first, or give a file that ends in .yaml."
        raise InvalidUsage(
            f"This kernel knows no config {name!r}.", hint=hint, errors=[Problem("unknown config", key="config")]
        )


def read(client: Client, name: str, text: str, *, first_line: int, label: str) -> Config:
    """Have a text read by the server. ``first_line`` is the number of its first line in its cell.

    Raises:
        InvalidSpec: with line and column in the cell.
    """
    if not any(line.strip() and not line.lstrip().startswith("#") for line in text.splitlines()):
        raise InvalidSpec(
            "There is nothing in this config.", hint="Write keys below the first line, e.g. pool: local or timeout: 2h."
        )
    whole = "\n" * (first_line - 1) + text
    found = client.config(whole, name=f"config {name}")
    places = {key: (line, column) for key, (line, column) in found["places"].items()}
    return Config(name, whole, found["values"], places, label)


def _text_of(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except UnicodeDecodeError:
        raise InvalidUsage(f"The config {path.name} is not UTF-8 text.", errors=[Problem("", key="config")]) from None
    except OSError as error:
        raise InvalidUsage(
            f"The config {path} can't be read: {error.strerror}.", errors=[Problem("", key="config")]
        ) from None


def _of_file(path: Path, text: str, client: Client) -> Config:
    try:
        return read(client, path.name, text, first_line=1, label=path.name)
    except InvalidSpec as error:  # its sentence names the line of the file; what can be shown is who named the file
        error.errors = (Problem(error.detail, key="config"),)
        raise
