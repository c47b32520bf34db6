"""A state as files, and back, without pickle.

    state.json    the shape: numbers, texts, lists and dicts as they are; what JSON has no word for as {"$": kind, ...}
    arrays.npz    numpy arrays, by their place in the state
    state.pt      torch's part (``torch_state``)
    data-1.bin    bytes
    1.skops       an estimator (``sklearn_state``)

A state that is a path alone is a copy of that file or folder.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import MutableMapping
from importlib import import_module

from jupyter_training.runtime.checkpoint import sklearn_state, torch_state
from jupyter_training.spool import checkpoints

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

__all__ = ["Misfit", "NothingThere", "read", "write"]

_SHAPE = "state.json"
_ARRAYS = "arrays.npz"
_MARK = "$"
_KINDS = ("torch", "sklearn", "numpy", "bytes")  # the first that occurs names the checkpoint's kind


class NothingThere(FileNotFoundError):
    """A path was to be saved where nothing is."""

    __module__ = "builtins"
    __qualname__ = "FileNotFoundError"  # what it is to the person's code


class Misfit(Exception):
    """What was saved can't be put into what it shall be put into; the text says why, as the end of a sentence."""


def write(state: object, folder: str) -> dict[str, str]:
    """Write the state's files into an empty folder; what the manifest shall say of it.

    Raises:
        TypeError: something in it can't be kept.
        NothingThere: it is a path of nothing.
        OSError: the files can't be written.
    """
    if isinstance(state, (str, os.PathLike)):
        return {"kind": "path", "root": _copy(os.fspath(state), folder)}
    writer = _Writer(folder)
    try:
        shape = writer.shape(state, ())
    except RecursionError:
        raise TypeError("the state contains itself, or is nested too deeply to be kept") from None
    writer.finish()
    with open(os.path.join(folder, _SHAPE), "w", encoding="utf-8") as file:
        json.dump(shape, file)
    return {"kind": next((kind for kind in _KINDS if kind in writer.kinds), "json")}


def read(folder: str, manifest: Mapping[str, Any], into: object = None, *, is_foreign: bool = False) -> Any:
    """The state, put into ``into`` where that is given. ``is_foreign``: somebody else may have written it.

    Raises:
        Misfit: ``into`` has another shape.
        ValueError: it names a file elsewhere or, where it is foreign, what might run code when it is read.
        ImportError: a library is missing.
    """
    kind = manifest.get("kind")
    if kind in ("path", "folder"):
        if into is not None:
            raise Misfit("it is a file or folder, which its `path` names and nothing can be put into")
        from pathlib import Path

        return Path(folder, str(manifest["root"])) if kind == "path" else Path(folder)
    with open(os.path.join(folder, _SHAPE), encoding="utf-8") as file:
        shape = json.load(file)
    return _Reader(folder, is_foreign).value(shape, into, ())


def _copy(path: object, folder: str) -> str:
    source = os.fsdecode(path) if isinstance(path, bytes) else str(path)
    root = os.path.basename(os.path.abspath(source))
    target = os.path.join(folder, root)
    if os.path.isdir(source):
        # What is saved may lie where a service copies it just now: its markers come and go.
        shutil.copytree(source, target, ignore=lambda _, names: [one for one in names if checkpoints.is_marker(one)])
    elif os.path.isfile(source):
        shutil.copyfile(source, target)
    else:
        raise NothingThere(f"there is no file or folder {source!r} to save; a text as the state is a path.")
    return root


class _Writer:
    """Turns a state into JSON, and collects what goes into files beside it."""

    def __init__(self, folder: str) -> None:
        self.kinds: set[str] = set()
        self._folder = folder
        self._arrays: dict[str, Any] = {}
        self._torch: dict[str, Any] = {}
        self._files = 0

    def finish(self) -> None:
        if self._arrays:
            import_module("numpy").savez(os.path.join(self._folder, _ARRAYS), **self._arrays)
        if self._torch:
            torch_state.write(self._folder, self._torch)

    def shape(self, value: Any, at: tuple[str, ...]) -> Any:
        special = self._special(value, at)
        if special is not None:
            return special
        if value is None or isinstance(value, (bool, int, float, str)):
            return value
        if isinstance(value, dict):
            if all(type(key) is str and key != _MARK for key in value):
                return {key: self.shape(one, (*at, key)) for key, one in value.items()}
            pairs = [[self.shape(key, at), self.shape(one, (*at, str(key)))] for key, one in value.items()]
            return {_MARK: "dict", "of": pairs}
        if isinstance(value, list) or type(value) is tuple:
            items = [self.shape(one, (*at, str(index))) for index, one in enumerate(value)]
            return items if isinstance(value, list) else {_MARK: "tuple", "of": items}
        raise TypeError(
            f"{_named(at)} is a {_kind(value)}, which a checkpoint can't keep."
            " Save what it is made of, or write it yourself: `with checkpoint.write(step=...) as folder:`"
        )

    def _special(self, value: Any, at: tuple[str, ...]) -> Any:
        """What JSON has no word for; None for all else."""
        if isinstance(value, (bytes, bytearray, memoryview)):
            self.kinds.add("bytes")
            self._files += 1
            name = f"data-{self._files}.bin"
            with open(os.path.join(self._folder, name), "wb") as file:
                file.write(value)
            return {_MARK: "bytes", "in": name}
        numpy = sys.modules.get("numpy")
        if numpy is not None and isinstance(value, (numpy.ndarray, numpy.generic)):
            if value.dtype.hasobject:
                raise TypeError(f"{_named(at)} is an array of objects, which only pickle could keep")
            self.kinds.add("numpy")
            return {_MARK: "array" if isinstance(value, numpy.ndarray) else "scalar", "in": self._array(value, at)}
        if sklearn_state.is_estimator(value):
            self.kinds.add("sklearn")
            self._files += 1
            return {_MARK: "sklearn", "in": sklearn_state.write(self._folder, str(self._files), value)}
        if torch_state.is_tensor(value):
            return self._torchs("tensor", value.detach(), at)
        if _has_state(value):
            if "torch" in sys.modules:
                return self._torchs("torch", value.state_dict(), at)
            return {_MARK: "state_dict", "of": self.shape(value.state_dict(), at)}
        generator = _generator_state(value)
        return {_MARK: "generator", "of": self.shape(generator, at)} if generator is not None else None

    def _array(self, value: Any, at: tuple[str, ...]) -> str:
        name = _unique("/".join(at) or "state", self._arrays)
        self._arrays[name] = value
        return name

    def _torchs(self, kind: str, value: Any, at: tuple[str, ...]) -> dict[str, str]:
        self.kinds.add("torch")
        name = _unique(".".join(at) or "state", self._torch)
        self._torch[name] = value
        return {_MARK: kind, "in": name}


class _Reader:
    """Turns what a writer has written back into values, into given ones where there are."""

    def __init__(self, folder: str, is_foreign: bool) -> None:
        self._folder = folder
        self._is_foreign = is_foreign
        self._arrays: Any = None
        self._torch: Any = None

    def value(self, shape: Any, into: Any, at: tuple[str, ...]) -> Any:
        if isinstance(shape, dict) and _MARK in shape:
            return self._special(shape, into, at)
        if isinstance(shape, dict):
            return self._dict([(key, key, one) for key, one in shape.items()], into, at)
        if isinstance(shape, list):
            return self._list(shape, into, at)
        return shape if into is None or isinstance(into, (bool, int, float, str)) else _misfit(at, "a value", into)

    def _special(self, shape: dict[str, Any], into: Any, at: tuple[str, ...]) -> Any:
        kind = shape[_MARK]
        if kind == "dict":
            return self._dict([(self.value(key, None, at), str(key), one) for key, one in shape["of"]], into, at)
        if kind == "tuple":
            return tuple(self._list(shape["of"], list(into) if isinstance(into, tuple) else into, at))
        if kind == "bytes":
            with open(os.path.join(self._folder, _plain(shape["in"])), "rb") as file:
                return file.read()
        if kind in ("array", "scalar"):
            return self._array(shape["in"], into, at) if kind == "array" else self._stored(shape["in"])[()]
        if kind == "sklearn":
            found = sklearn_state.read(self._folder, _plain(shape["in"]), is_foreign=self._is_foreign)
            return _put_into_estimator(found, into, at)
        if kind == "generator":
            return _generator(self.value(shape["of"], None, at), into, at)
        if kind == "tensor":
            return _put_into_tensor(self._torch_state(shape["in"]), into, at)
        state = self._torch_state(shape["in"]) if kind == "torch" else self.value(shape["of"], None, at)
        if into is None:
            return state
        if not _has_state(into):
            return _misfit(at, "the state of something with a load_state_dict()", into)
        try:
            into.load_state_dict(state)
        except (RuntimeError, KeyError, ValueError, TypeError) as error:
            raise Misfit(f"{_named(at)} does not take it: {error}") from error
        return into

    def _dict(self, pairs: list[tuple[Any, str, Any]], into: Any, at: tuple[str, ...]) -> Any:
        if into is None:
            return {key: self.value(one, None, (*at, word)) for key, word, one in pairs}
        if not isinstance(into, MutableMapping):
            return _misfit(at, f"a dict with {', '.join(word for _, word, _ in pairs) or 'nothing'}", into)
        missing = [str(key) for key in into if key not in {key for key, _, _ in pairs}]
        if missing:
            raise Misfit(f"{_named(at)} has no {', '.join(missing)}; it has {', '.join(w for _, w, _ in pairs)}")
        for key, word, one in pairs:
            into[key] = self.value(one, into.get(key), (*at, word))
        return into

    def _list(self, shapes: list[Any], into: Any, at: tuple[str, ...]) -> Any:
        if into is None:
            return [self.value(one, None, (*at, str(index))) for index, one in enumerate(shapes)]
        if not isinstance(into, list):
            return _misfit(at, "a list", into)
        old = [*into, *[None] * len(shapes)]
        into[:] = [self.value(one, old[index], (*at, str(index))) for index, one in enumerate(shapes)]
        return into

    def _array(self, name: str, into: Any, at: tuple[str, ...]) -> Any:
        array = self._stored(name)
        if into is None:
            return array
        numpy = import_module("numpy")
        if not isinstance(into, numpy.ndarray) or into.shape != array.shape:
            return _misfit(at, f"an array of shape {array.shape}", into)
        into[...] = array
        return into

    def _stored(self, name: str) -> Any:
        if self._arrays is None:
            self._arrays = import_module("numpy").load(os.path.join(self._folder, _ARRAYS), allow_pickle=False)
        return self._arrays[name]

    def _torch_state(self, name: str) -> Any:
        if self._torch is None:
            try:
                self._torch = torch_state.read(self._folder)
            except torch_state.Unreadable as error:
                raise Misfit(f"its {torch_state.FILE} has more than torch reads without pickle: {error}") from None
        return self._torch[name]


def _plain(name: Any) -> str:
    """The name of a file that lies here.

    Raises:
        ValueError: it is none.
    """
    if not isinstance(name, str) or os.path.basename(name) != name or name in ("", ".", ".."):
        raise ValueError(f"{name!r} is no file of this state")
    return name


def _has_state(value: Any) -> bool:
    """Whether it can give its state and take it back, as torch's things do."""
    methods = (getattr(value, name, None) for name in ("state_dict", "load_state_dict"))
    return not isinstance(value, type) and all(map(callable, methods))


def _put_into_tensor(tensor: Any, into: Any, at: tuple[str, ...]) -> Any:
    if into is None:
        return tensor
    if not torch_state.is_tensor(into) or into.shape != tensor.shape:
        return _misfit(at, f"a tensor of shape {tuple(tensor.shape)}", into)
    into.data.copy_(tensor)
    return into


def _put_into_estimator(estimator: Any, into: Any, at: tuple[str, ...]) -> Any:
    if into is None:
        return estimator
    if type(into) is not type(estimator):
        return _misfit(at, f"a {type(estimator).__name__}", into)
    into.__dict__.clear()
    into.__dict__.update(estimator.__dict__)
    return into


def _generator_state(value: Any) -> Any:
    """The state of a random generator that the code has made; None of anything else."""
    random, numpy = sys.modules.get("random"), sys.modules.get("numpy.random")
    if random is not None and isinstance(value, random.Random) and type(value) is random.Random:
        return {"of": "random", "state": value.getstate()}
    if numpy is not None and isinstance(value, (numpy.Generator, numpy.RandomState)):
        bits = value.bit_generator if isinstance(value, numpy.Generator) else value._bit_generator
        kind = "Generator" if isinstance(value, numpy.Generator) else "RandomState"
        rest = None if kind == "Generator" else value.get_state(legacy=False)
        return {"of": kind, "bits": type(bits).__name__, "state": rest or bits.state}
    return None


def _generator(state: dict[str, Any], into: Any, at: tuple[str, ...]) -> Any:
    if state["of"] == "random":
        random = import_module("random")
        found = random.Random() if into is None else into
        if not isinstance(found, random.Random):
            return _misfit(at, "a random.Random", into)
        found.setstate(state["state"])
        return found
    numpy = import_module("numpy.random")
    kind = getattr(numpy, state["of"])
    found = kind(getattr(numpy, state["bits"])()) if into is None else into
    if not isinstance(found, kind):
        return _misfit(at, f"a numpy.random.{state['of']}", into)
    if state["of"] == "RandomState":
        found.set_state(state["state"])
        return found
    if type(found.bit_generator).__name__ != state["bits"]:
        return _misfit(at, f"a generator of {state['bits']}", into)
    found.bit_generator.state = state["state"]
    return found


def _unique(name: str, taken: Mapping[str, Any]) -> str:
    count = 1
    found = name
    while found in taken:
        count += 1
        found = f"{name}~{count}"
    return found


def _named(at: tuple[str, ...]) -> str:
    return "state" + "".join(f"[{one!r}]" for one in at)


def _kind(value: object) -> str:
    kind = type(value)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def _misfit(at: tuple[str, ...], what: str, into: object) -> Any:
    raise Misfit(f"{_named(at)} is {what}, and `into` has a {type(into).__name__} there")
