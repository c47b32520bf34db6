"""What a cell's body uses of its notebook: taken along, or refused in one error that names all of it."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from jupyter_training.client.capture import names
from jupyter_training.client.capture.cells import shell_of
from jupyter_training.client.capture.engine import Capture, Refusal
from jupyter_training.errors import InvalidSpec, Problem
from jupyter_training.kernel import take as takes
from jupyter_training.kernel.notebook import Place
from jupyter_training.kernel.take import Taken
from jupyter_training.runtime.pieces import FILE

__all__ = ["Carried", "carried"]

_TAKE = re.compile(r"--take[ =]+(\S+)")
# What the job's runtime gives to every cell, whatever the notebook has under these names.
_GIVEN = frozenset({"display"})


@dataclass(frozen=True)
class Carried:
    """Files that go beside the body, what tracebacks call the cells in them, values, and what should be said."""

    files: Mapping[str, bytes]
    cells: tuple[str, ...] = ()
    data: tuple[Taken, ...] = ()
    notes: tuple[str, ...] = ()


def carried(
    body_source: str,
    namespace: Mapping[str, Any],
    *,
    place: Place,
    take: Iterable[str] = (),
    params: Iterable[str] = (),
) -> Carried:
    """What a body needs of the namespace that it is written in.

    ``take`` are names whose values go along as data, ``params`` names that the job
    is given anyway. The same namespace and body give the same bytes.

    Raises:
        InvalidSpec: names that can't travel, all of them; with the line to copy where ``--take`` helps.
        TooLarge: a value of more than 2 GB.
    """
    wanted = tuple(dict.fromkeys(take))
    data = takes.take(wanted, namespace)
    given = _GIVEN.union(wanted, params)
    used = names.of_body(body_source, given=given)
    capture = Capture(namespace, given=given, late=used.bound)
    for name in sorted(used.needed):
        capture.need(name, early=True)
    for name in sorted(used.perhaps):
        capture.perhaps(name)
    capture.chains(used.chains)
    if capture.refused:
        raise _refusal(capture.refused, used.needed, namespace, wanted)
    missing = {} if used.star else {name: user for name, user in capture.missing.items() if name not in used.perhaps}
    notes = [_missing(name, missing[name], used.needed.get(name), place) for name in sorted(missing)]
    every = used.every | capture.asked
    notes += [f"`{one.name}` goes along, but the code does not use it." for one in data if one.name not in every]
    if not capture.found:
        return Carried({}, (), data, tuple(notes))
    content, cells = capture.found.file()
    return Carried({FILE: content}, tuple(one.shown_as(place.notebook) for one in cells), data, tuple(notes))


def _missing(name: str, user: str | None, line: int | None, place: Place) -> str:
    where = f"`{user}` uses" if user is not None else f"{place.shown_as}, line {line}:" if line is not None else ""
    return f"{where} `{name}`, which is defined neither in the cell nor in this kernel.".strip()


def _refusal(
    refused: Mapping[str, Refusal], lines: Mapping[str, int], namespace: Mapping[str, Any], taken: tuple[str, ...]
) -> InvalidSpec:
    sentences, takeable = [], []
    problems: list[Problem] = []
    for name in sorted(refused, key=lambda one: (lines.get(one, sys.maxsize), one)):
        refusal = refused[name]
        user = f" (`{refusal.used_by}` uses it)" if refusal.used_by is not None else ""
        sentence = f"`{name}` {refusal.words}{user}"
        sentences.append(sentence)
        line = lines.get(name) or None
        is_new = all(line != one.line for one in problems)
        problems.append(Problem(sentence, key=name, line=line if is_new else None))
        if refusal.is_data and name.isidentifier() and name in namespace and takes.can_take(refusal.value):
            takeable.append(name)
    others = [name for name in sorted(refused) if name not in takeable]
    hints = []
    if takeable:
        hints.append(f"Send {'it' if len(takeable) == 1 else 'them'} along:  {_line([*taken, *takeable], namespace)}")
    made = [name for name in others if refused[name].is_data]
    if made:
        hints.append(f"Make {_listed(made)} inside the cell.")
    secret = [name for name in others if refused[name].is_secret]
    if secret:
        hints.append(_by_environment(secret[0]))
    gone = [name for name in others if not (refused[name].is_data or refused[name].is_secret)]
    if gone and not takeable and not made and not secret:
        hints.append(f"Define {_listed(gone)} in a cell of its own, or in this one.")
    return InvalidSpec("; ".join(sentences) + ".", hint="\n".join(hints), errors=problems)


def _by_environment(name: str) -> str:
    """How a secret gets to a job without being kept."""
    variable = name.upper()
    return (
        f"Put it into the environment here, os.environ[{variable!r}] = {name}, "
        f"hand that over by --pass-env {variable}, and read os.environ[{variable!r}] in the job."
    )


def _listed(found: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in found)


def _line(wanted: list[str], namespace: Mapping[str, Any]) -> str:
    """The magic line that the person typed, with these names behind ``--take``; ready to copy."""
    typed = _typed(namespace)
    option = f"--take {','.join(wanted)}"
    kept = _TAKE.sub("", typed)
    return f"{' '.join(kept.split())} {option}"


def _typed(namespace: Mapping[str, Any]) -> str:
    """The first line of the cell that runs now."""
    history = getattr(getattr(shell_of(namespace), "history_manager", None), "input_hist_raw", None) or [""]
    found = next((line for line in history[-1].splitlines() if line.strip()), "")
    return found.strip() if found.lstrip().startswith("%%train") else "%%train"
