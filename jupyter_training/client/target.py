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

__all__ = ["Target", "bound", "contents", "of_function", "of_script", "of_sources", "place_of"]


@dataclass(frozen=True)
class Target:
    """An entry point in the wire's shape, its files, and what they surely import from elsewhere."""

    entry: dict[str, Any]
    files: tuple[dict[str, str], ...]
    foreign: tuple[Foreign, ...] = ()


def of_script(script: str | os.PathLike[str], *args: object, limit: int, context: Path | None = None) -> Target:
    """A script as ``python script`` would run it: with the modules beside it that it imports.

    ``limit`` is the most bytes that its code may have. A script that is inside of
    ``context``, the real path of a folder that goes along, has its place there;
    see ``place_of`` for how it may be named.

    Raises:
        InvalidSpec: no such file, or code that is not Python, at its line.
        TooLarge: more code than ``limit``.
    """
    path, _ = place_of(script, context)
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
    return of_sources(entry, found, limit)


def place_of(script: str | os.PathLike[str], context: Path | None = None) -> tuple[Path, str | None]:
    """The real path of a script, named as seen from the working folder or from the ``context``.

    Where both have one of that name, that of the working folder is taken if it
    lies in the context, else the context's; a sentence says so.

    Raises:
        InvalidSpec: there is no such file.
    """
    path = Path.cwd() / Path(script).expanduser()
    here = _real(path)  # as Python does: modules are looked for beside the file itself
    there = _real(context / Path(script).expanduser()) if context is not None else None
    if context is None or there is None or not there.is_relative_to(context) or there == here:
        if here is None:
            raise InvalidSpec(f"There is no file {str(script)!r}.", hint=_neighbour(path, script, context))
        return here, None
    if here is None:
        return there, None
    taken, other = (here, there) if here.is_relative_to(context) else (there, here)
    return taken, f"{str(script)!r} is taken to be {str(taken)!r}, not {str(other)!r}."


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
        return of_sources(entry, collect(Path.cwd(), given={f"{name}.py": captured.source}), limit)
    root, inside = root_of(module)
    if inside is not None and not is_installed(root):
        sources = collect(root, inside)
        if "/" not in inside:
            entry.update(path=inside, shown_as=str(root / inside))
            return of_sources(entry, sources, limit)
    else:
        sources = Sources()
    # A file inside a package must be imported as what it is, or its relative imports lead nowhere.
    entry["path"] = "submitted.py"
    sources.files["submitted.py"] = f"from {module.__name__} import {name}\n".encode()
    return of_sources(entry, sources, limit)


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


def of_sources(entry: dict[str, Any], sources: Sources, limit: int) -> Target:
    """Sources that were collected, with their entry in the wire's shape.

    Raises:
        TooLarge: more code than ``limit``.
    """
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


def _real(path: Path) -> Path | None:
    try:
        return path.resolve(strict=True)
    except (OSError, RuntimeError):
        return None


def _neighbour(path: Path, script: str | os.PathLike[str], context: Path | None) -> str:
    """The near miss among the Python files beside a path that is not there, or where it was looked for."""
    looked = [path] if context is None else [path, context / Path(script).expanduser()]
    folders = list(dict.fromkeys(one.parent for one in looked))
    names = {name.lower(): name for folder in folders for name in _scripts(folder)}
    close = near_miss(path.name, names)
    if close:
        return f"Did you mean {names[close]!r}?"
    is_there = [folder for folder in folders if folder.is_dir()]
    if not is_there:
        return f"The folder {str(folders[0])!r} is not there either."
    return f"Looked in {' and in '.join(repr(str(folder)) for folder in is_there)}."


def _scripts(folder: Path) -> list[str]:
    try:
        return [one.name for one in folder.iterdir() if one.suffix == ".py"]
    except OSError:
        return []
