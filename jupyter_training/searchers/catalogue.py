"""Every searcher by name: what it is for, and whether it runs here.

    runs as installed      make(name, ...) gives it
    needs torch, ...       it would run with packages that are not installed; the sentence says which
    refused                it does not exist in the library, or is broken there; the sentence says what to take

The names of other programs (``bo``, ``kde``, ``motpe``, ...) lead to what does
the same here, and ``find`` says so. A plug-in of the entry-point group
``jupyter_training.searchers`` is found by its name like those of our own.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, JsonValue, ValidationError

from jupyter_training.errors import InvalidSpec, Problem, UnknownPlugin, near_miss
from jupyter_training.seams import registry
from jupyter_training.seams.searcher import Searcher, SearcherFactory, Setup
from jupyter_training.searchers.entries import ALIASES, ENTRIES, REFUSED, Entry

__all__ = ["ALIASES", "Found", "Status", "find", "make", "options_schema", "rows", "sentence", "status", "table"]

Status = Literal["installed", "needs", "refused"]


@dataclass(frozen=True)
class Found:
    """A searcher that can be made. ``note``: what the name that was given resolved to, where that is another one."""

    entry: Entry
    note: str | None = None


def rows() -> list[Entry]:
    """All searchers: built in, plug-ins by their first line of documentation, then those that are refused."""
    known = {entry.name: entry for entry in ENTRIES}
    foreign = [_plugin(name) for name in registry.names("searchers") if name not in known]
    return [*known.values(), *foreign, *REFUSED]


def status(entry: Entry) -> Status:
    if entry.refused is not None:
        return "refused"
    return "needs" if _missing(entry) else "installed"


def sentence(entry: Entry) -> str | None:
    """Why it does not run here, and what to do instead; None where it does."""
    if entry.refused is not None:
        return f"Searcher {entry.name!r} is refused: {entry.refused}"
    missing = _missing(entry)
    if not missing:
        return None
    packages = " and ".join(missing)
    return f"Searcher {entry.name!r} needs {packages}, which this server's environment does not have."


def find(name: str) -> Found:
    """The searcher of a name, an older name, or another program's.

    Raises:
        UnknownPlugin: there is none, with the list of those there are.
        InvalidSpec: there is, but it does not run here; with the sentence that says why.
    """
    wanted = name.strip().lower().replace("-", "_").replace(" ", "_")
    target, meaning = ALIASES.get(wanted, (wanted, None))
    entry = next((entry for entry in rows() if target in (entry.name, entry.name.replace("-", "_"))), None)
    if entry is None:
        known = sorted({*registry.names("searchers"), *_SEEDS})
        close = near_miss(wanted, [*known, *ALIASES, *(one.name for one in REFUSED)])
        raise UnknownPlugin(
            f"There is no searcher {name!r}; there is: {', '.join(known)}.",
            hint=f"Did you mean {close!r}?" if close else None,
        )
    why = sentence(entry)
    if why is not None:
        hint = f"Take {entry.instead}." if entry.instead else None
        if status(entry) == "needs":
            hint = f"Install it there: pip install {' '.join(_missing(entry))}. Or take {entry.instead}."
        raise InvalidSpec(why, hint=hint, errors=(Problem(why, key="searcher", hint=hint),))
    note = None
    if target != wanted:
        note = f"Searcher {name!r} is {entry.name!r} here: {meaning or entry.summary}"
    return Found(entry, note)


def make(name: str, setup: Setup, options: Mapping[str, JsonValue] | None = None) -> Searcher:
    """A new searcher of that name.

    Raises:
        UnknownPlugin, InvalidSpec: as ``find``; also for an option, a space or an objective that is nothing for it.
    """
    entry = find(name).entry
    factory: SearcherFactory = registry.load("searchers", entry.name)
    return factory(setup, _options(entry.name, factory, options or {}))


def options_schema(name: str) -> dict[str, JsonValue]:
    """The JSON schema of a searcher's options, for forms."""
    factory: SearcherFactory = registry.load("searchers", find(name).entry.name)
    return factory.Options.model_json_schema()


def table() -> str:
    """The documentation's table, in Markdown: what each is for, and what it needs wherever it is installed."""
    lines = ["| Searcher | What it does | Metrics | Stops trials | From | Runs |", "|---|---|---|---|---|---|"]
    for entry in (*ENTRIES, *REFUSED):
        if entry.refused is not None:
            runs = f"refused: {entry.refused} Take {entry.instead}."
        else:
            runs = f"needs {' and '.join(entry.needs)}" if entry.needs else "as installed"
        stops = "" if entry.refused is not None else entry.stops
        lines.append(f"| `{entry.name}` | {entry.summary} | {entry.metrics} | {stops} | {entry.source} | {runs} |")
    return "\n".join(lines) + "\n"


def _options(name: str, factory: SearcherFactory, given: Mapping[str, JsonValue]) -> BaseModel:
    try:
        return factory.Options.model_validate(dict(given))
    except ValidationError as error:
        known = list(factory.Options.model_fields)
        problems = tuple(
            _problem(fault["loc"], str(fault["type"]), str(fault["msg"]), known) for fault in error.errors()
        )
        first = problems[0]
        raise InvalidSpec(f"Searcher {name!r}: {first.detail}", hint=first.hint, errors=problems) from None


def _problem(place: tuple[int | str, ...], kind: str, message: str, known: list[str]) -> Problem:
    key = ".".join(["searcher_options", *(str(part) for part in place)])
    if kind == "extra_forbidden":
        word = str(place[-1])
        close = near_miss(word, known)
        listed = f"There is: {', '.join(known)}." if known else "It has none."
        return Problem(f"there is no option {word!r}.", key=key, hint=f"Did you mean {close!r}?" if close else listed)
    said = message.removeprefix("Value error, ")
    return Problem(f"option {place[-1]!r}: {said}." if place else f"{said}.", key=key)


def _missing(entry: Entry) -> list[str]:
    return [package for package in entry.needs if not _is_installed(package)]


def _is_installed(package: str) -> bool:
    """A mere folder of that name on the path is none."""
    spec = importlib.util.find_spec(package)
    return spec is not None and spec.loader is not None


def _plugin(name: str) -> Entry:
    return Entry(name, "A plug-in.", source="plug-in")


_SEEDS = ("bo", "kde", "motpe")  # what people know these by; the other aliases are spellings


if __name__ == "__main__":
    import sys

    sys.stdout.write(table())
