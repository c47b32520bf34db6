"""What a command line says of a job's parameters and config, for the verbs that make or change a job."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from jupyter_training.errors import InvalidUsage
from jupyter_training.kernel.values import literal

__all__ = ["config_of", "split", "texts_of"]

_PARAMETER = re.compile(r"([^\W\d][\w.-]*)=(.*)\Z", re.DOTALL)


def split(words: Iterable[str]) -> tuple[list[str], dict[str, object]]:
    """The words that are no ``key=value``, and the parameters, read as literals.

    Raises:
        InvalidUsage: a parameter is given twice, or its value can't be read.
    """
    others: list[str] = []
    params: dict[str, object] = {}
    for word in words:
        match = _PARAMETER.match(word)
        if match is None:
            others.append(word)
            continue
        name, text = match.groups()
        if name in params:
            raise InvalidUsage(f"{name} is given twice.")
        try:
            params[name] = literal(text)
        except ValueError as error:
            raise InvalidUsage(f"{name}: {error}.") from None
    return others, params


def texts_of(words: Iterable[str]) -> dict[str, str]:
    """The parameters as they were written: in a search they are read as expressions."""
    return {match[1]: match[2] for match in map(_PARAMETER.match, words) if match is not None}


def config_of(file: str) -> dict[str, str]:
    """A config file as the wire has it.

    Raises:
        InvalidUsage: it can't be read.
    """
    try:
        return {"text": Path(file).read_text("utf-8"), "name": Path(file).name}
    except OSError as error:
        raise InvalidUsage(f"The config {file!r} can't be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise InvalidUsage(f"The config {file!r} is not UTF-8 text.") from None
