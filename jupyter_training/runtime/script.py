"""Run a script as ``python script.py`` would, with its parameters as arguments."""

from __future__ import annotations

import sys

from jupyter_training.spool import json_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from types import CodeType, ModuleType
    from typing import Any

__all__ = ["arguments", "become_main", "run"]


def run(path: str, content: bytes, shown_as: str, args: Iterable[str], params: Mapping[str, Any]) -> None:
    """Run the script as ``__main__``. Its exceptions come out as they are."""
    sys.argv = [path, *args, *arguments(params)]
    main = become_main(path)
    execute(compile(content, shown_as, "exec", dont_inherit=True), main)


def arguments(params: Mapping[str, Any]) -> list[str]:
    """Parameters as words of a command line: ``--name value``, underscores kept.

    True and False are words like any other value (``--flag True``), lists and
    mappings are JSON, and None is left out, since a command line has no word for
    it. A text that begins with a dash is joined (``--name=-x``), or it would be
    taken for an option.
    """
    words: list[str] = []
    for name, value in params.items():
        if value is None:
            continue
        if isinstance(value, str) and value.startswith("-"):
            words.append(f"--{name}={value}")
        else:
            words += [f"--{name}", json_text.dumps(value) if isinstance(value, (list, dict)) else str(value)]
    return words


def become_main(path: str) -> ModuleType:
    """A fresh ``__main__`` for the file, in place of ours.

    It has a ``__file__`` and no ``__spec__``, as a script has; so children that
    multiprocessing spawns know which file to import.
    """
    module_type = type(sys)
    main = module_type("__main__")
    main.__file__ = path
    main.__dict__.update(__builtins__=__builtins__, __cached__=None)
    sys.modules["__main__"] = main
    return main


def execute(code: CodeType, main: ModuleType) -> None:
    exec(code, main.__dict__)  # noqa: S102 (to run it is what we are here for)
