"""What an interpreter can import: this one, or another that is asked once."""

from __future__ import annotations

import importlib
import importlib.machinery
import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from jupyter_training.client.imports import Foreign
from jupyter_training.errors import InvalidSpec, Problem

__all__ = ["check_imports", "lacking"]

# Offered to every job by its own small package, whatever its interpreter has.
_JOB_SIDE = "jupyter_training"
_ASK_SECONDS = 30.0
_QUESTION = """
import importlib.util, json, sys
def has(name):
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError, AttributeError):
        return name in sys.modules
print(json.dumps([name for name in json.load(sys.stdin) if not has(name)]))
"""

# What was found before, by (interpreter, its time of change). Only what is there is kept: a missing
# package may be installed at any moment.
_had: dict[tuple[str, int], set[str]] = {}


def check_imports(
    foreign: Iterable[Foreign], python: str, *, variables: Mapping[str, str], folders: Sequence[str] = ()
) -> None:
    """See that the job's interpreter has what the code surely imports.

    ``folders`` are looked into as well: what the job will find there, such as
    compiled modules in its working folder.

    Raises:
        InvalidSpec: a module is missing; with each file and line, and how to install it.
    """
    wanted = [one for one in foreign if one.module != _JOB_SIDE]
    missing = lacking({one.module for one in wanted}, python, variables=variables)
    missing = {name for name in missing if importlib.machinery.PathFinder.find_spec(name, folders) is None}
    faults = sorted((one for one in wanted if one.module in missing), key=lambda one: (one.file, one.line))
    if not faults:
        return
    first = faults[0]
    names = sorted(missing)
    problems = [Problem(f"{one.file}: no module {one.module!r}", line=one.line, column=one.column) for one in faults]
    others = f" ({', '.join(name for name in names if name != first.module)} too)" if len(names) > 1 else ""
    raise InvalidSpec(
        f"{first.file}, line {first.line}: the interpreter {python} has no module {first.module!r}{others}.",
        hint=f"Install it there, e.g. {python} -m pip install {' '.join(names)}.",
        errors=problems,
    )


def lacking(modules: Iterable[str], python: str, *, variables: Mapping[str, str]) -> set[str]:
    """Which of these top-level modules the interpreter does not find. An interpreter that can't answer lacks none."""
    wanted = {name for name in modules if name not in sys.stdlib_module_names}
    if not wanted:
        return set()
    if _is_this_one(python):
        importlib.invalidate_caches()
        return {name for name in wanted if not _found_here(name)}
    return _asked(wanted, python, variables)


def _is_this_one(python: str) -> bool:
    """By path and not by what a link points at: interpreters of two virtual environments are one file."""
    return os.path.abspath(python) == os.path.abspath(sys.executable)


def _found_here(name: str) -> bool:
    if name in sys.modules:
        return True
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError, AttributeError):
        return False


def _asked(wanted: set[str], python: str, variables: Mapping[str, str]) -> set[str]:
    try:
        changed = Path(python).stat().st_mtime_ns
    except OSError:
        return set()  # an interpreter that is not there is refused by the environment itself, in its own words
    had = _had.setdefault((python, changed), set())
    unknown = sorted(wanted - had)
    if not unknown:
        return set()
    try:
        answer = subprocess.run(
            [python, "-c", _QUESTION],
            input=json.dumps(unknown),
            capture_output=True,
            text=True,
            timeout=_ASK_SECONDS,
            env=dict(variables),
            cwd="/",
            check=True,
        )
        missing = set(json.loads(answer.stdout.splitlines()[-1]))
    except (OSError, subprocess.SubprocessError, ValueError, IndexError):
        return set()  # it can't tell; the job itself will
    had.update(set(unknown) - missing)
    return missing
