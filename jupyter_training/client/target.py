"""What is to be run, made ready to travel: a script or a function, with the local code it imports."""

from __future__ import annotations

import base64
import inspect
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import FunctionType
from typing import Any

from jupyter_training.client import functions
from jupyter_training.client.capture.roots import is_installed, root_of
from jupyter_training.client.imports import Foreign, Sources, collect, parsed
from jupyter_training.errors import InvalidSpec, TooLarge, near_miss

__all__ = ["Target", "bound", "contents", "of_function", "of_script"]


@dataclass(frozen=True)
class Target:
    """An entry point in the wire's shape, its files, and what they surely import from elsewhere."""

    entry: dict[str, Any]
    files: tuple[dict[str, str], ...]
    foreign: tuple[Foreign, ...] = ()


def of_script(script: str | os.PathLike[str], *args: object, limit: int, context: Path | None = None) -> Target:
    """A script as ``python script`` would run it: with the modules beside it that it imports.

    ``limit`` is the most bytes that its code may have. A script that is inside of
    ``context``, the real path of a folder that goes along, has its place there.

    Raises:
        InvalidSpec: no such file, or code that is not Python, at its line.
        TooLarge: more code than ``limit``.
    """
    path = Path.cwd() / Path(script).expanduser()
    try:
        path = path.resolve(strict=True)  # as Python does: modules are looked for beside the file itself
    except (OSError, RuntimeError):
        raise InvalidSpec(f"There is no file {str(script)!r}.", hint=_neighbour(path)) from None
    if path.is_dir():
        raise InvalidSpec(f"{str(script)!r} is a folder.", hint="Name the script in it.")
    if path.suffix != ".py":
        raise InvalidSpec(f"{str(script)!r} is not a Python file.", hint="Its name must end in .py.")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InvalidSpec(f"{str(script)!r} can't be read: {error.strerror}.") from None
    parsed(content, str(script))
    inside = path.parent.relative_to(context).parts if context is not None and path.is_relative_to(context) else ()
    below = "".join(f"{part}/" for part in inside)
    entry = {
        "kind": "script",
        "path": below + path.name,
        "function": None,
        "args": [_argument(one) for one in args],
        "shown_as": str(path),
    }
    found = collect(path.parent, path.name)
    found.files = {below + name: content for name, content in found.files.items()}
    return _target(entry, found, limit)


def of_function(function: Callable[..., Any], *, limit: int) -> Target:
    """A function, with its module or, when it has none that can be imported, by its source.

    Raises:
        InvalidSpec: it can't travel; what stands in the way is named.
        TooLarge: more code than ``limit``.
    """
    module = functions.module_of(function)
    name = function.__name__
    entry: dict[str, Any] = {"kind": "function", "path": "", "function": name, "args": [], "shown_as": None}
    if module is None:
        assert isinstance(function, FunctionType)
        captured = functions.captured_source(function)
        entry.update(path=f"{name}.py", shown_as=captured.shown_as, cells=list(captured.cells))
        return _target(entry, collect(Path.cwd(), given={f"{name}.py": captured.source}), limit)
    root, inside = root_of(module)
    if inside is not None and not is_installed(root):
        sources = collect(root, inside)
        if "/" not in inside:
            entry.update(path=inside, shown_as=str(root / inside))
            return _target(entry, sources, limit)
    else:
        sources = Sources()
    # A file inside a package must be imported as what it is, or its relative imports lead nowhere.
    entry["path"] = "submitted.py"
    sources.files["submitted.py"] = f"from {module.__name__} import {name}\n".encode()
    return _target(entry, sources, limit)


def bound(function: Callable[..., Any], args: tuple[object, ...], params: Mapping[str, object]) -> dict[str, object]:
    """The parameters of a call by name, checked against the function's signature.

    Raises:
        InvalidSpec: one too many, missing or unknown, with the near miss.
    """
    signature = inspect.signature(function)
    shown = f"{function.__name__}{signature}"
    takes = list(signature.parameters.values())
    for one in takes:
        if one.kind is one.POSITIONAL_ONLY and one.default is one.empty:
            raise InvalidSpec(
                f"{shown} takes {one.name!r} by position only.",
                hint="A job's parameters go by name: leave out the / in the definition.",
            )
    by_place = [one.name for one in takes if one.kind is one.POSITIONAL_OR_KEYWORD]
    if len(args) > len(by_place):
        raise InvalidSpec(f"{shown} takes {len(by_place)} values by position, not {len(args)}.")
    found: dict[str, object] = dict(zip(by_place, args, strict=False))
    for name, value in params.items():
        if name in found:
            raise InvalidSpec(f"{shown} gets {name!r} twice.")
        found[name] = value
    named = [one.name for one in takes if one.kind in (one.POSITIONAL_OR_KEYWORD, one.KEYWORD_ONLY)]
    if not any(one.kind is one.VAR_KEYWORD for one in takes):
        for name in found:
            if name not in named:
                close = near_miss(name, named)
                raise InvalidSpec(f"{shown} takes no {name!r}.", hint=f"Did you mean {close!r}?" if close else None)
    for one in takes:
        if one.name in named and one.default is one.empty and one.name not in found:
            raise InvalidSpec(f"{shown} needs a value for {one.name!r}.", hint=f"Give {one.name}=...")
    return found


def contents(target: Target) -> dict[str, bytes]:
    """The files of a target by their path."""
    return {
        one["path"]: one["text"].encode() if "text" in one else base64.b64decode(one["base64"]) for one in target.files
    }


def _target(entry: dict[str, Any], sources: Sources, limit: int) -> Target:
    total = sum(map(len, sources.files.values()))
    if total > limit:
        largest = sorted(sources.files, key=lambda path: -len(sources.files[path]))[:3]
        named = ", ".join(f"{path} ({len(sources.files[path]) / 1e6:.1f} MB)" for path in largest)
        raise TooLarge(
            f"The code has {total / 1e6:.1f} MB; the limit is {limit / 1e6:.1f} MB. Largest: {named}.",
            hint="Leave data out of the code, or raise bundle_limit_bytes in the settings.",
        )
    files = tuple(_file(path, content) for path, content in sorted(sources.files.items()))
    return Target(entry, files, () if sources.moves_path else tuple(sources.foreign))


def _file(path: str, content: bytes) -> dict[str, str]:
    try:
        return {"path": path, "text": content.decode("utf-8")}
    except UnicodeDecodeError:
        return {"path": path, "base64": base64.b64encode(content).decode("ascii")}


def _argument(value: object) -> str:
    if isinstance(value, (str, int, float, os.PathLike)) and not isinstance(value, bool):
        return os.fspath(value) if isinstance(value, os.PathLike) else str(value)
    raise InvalidSpec(
        f"A script's arguments are texts and numbers, not {type(value).__name__}.", hint="Give values by name: lr=0.1."
    )


def _neighbour(path: Path) -> str | None:
    """The near miss among the Python files beside a path that is not there."""
    try:
        names = [one.name for one in path.parent.iterdir() if one.suffix == ".py"]
    except OSError:
        return f"The folder {str(path.parent)!r} is not there either."
    lower = {name.lower(): name for name in names}
    close = near_miss(path.name, lower)
    return f"Did you mean {lower[close]!r}?" if close else f"Looked in {str(path.parent)!r}."
