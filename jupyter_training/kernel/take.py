"""``--take``: values of the kernel as files that a job reads under the same names. Never by pickling.

Frames and series go as Parquet, arrays as npy, tensors and dicts of tensors as
safetensors, and what JSON can hold as JSON. Each is written to a temporary
folder of its own, which is gone with its ``Taken``, and is known by its hash.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
import weakref
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from jupyter_training.client.capture.values import size_of, words_of
from jupyter_training.errors import InvalidSpec, Problem, TooLarge, near_miss
from jupyter_training.runtime.data import SERIES, TENSOR

__all__ = ["LIMIT", "Taken", "can_take", "take"]

LIMIT = 2 * 1024**3  # bytes of one value
_KEY = "take"
_PIECE = 1024 * 1024
_HOW = "Frames, series, arrays of numbers, tensors, and what JSON can hold can go along."


@dataclass(frozen=True)
class Taken:
    """One value that goes along. ``words`` say what it is: "frame 1797 x 65"."""

    name: str
    kind: str
    words: str
    sha256: str
    size: int
    path: Path

    def wire(self) -> dict[str, Any]:
        """As a request names it."""
        return {"name": self.name, "kind": self.kind, "sha256": self.sha256, "size": self.size, "words": self.words}


def can_take(value: object) -> bool:
    """Whether ``--take`` can carry the value, as far as can be told without writing it."""
    kind = _kind_of(value)
    return kind is not None and (size_of(value) or 0) <= LIMIT


def take(names: Iterable[str], namespace: Mapping[str, Any]) -> tuple[Taken, ...]:
    """Write the values of these names.

    Raises:
        InvalidSpec: a name that there is not, or a value that none of the formats can hold.
        TooLarge: more than 2 GB.
    """
    wanted = list(dict.fromkeys(names))
    for name in wanted:
        if name not in namespace:
            close = near_miss(name, [one for one in namespace if not one.startswith("_")])
            raise _refused(
                f"--take {name}: there is no variable {name!r} in this kernel.",
                f"Did you mean {close!r}?" if close else "Run the cell that makes it first.",
            )
    return tuple(_taken(name, namespace[name]) for name in wanted)


def _taken(name: str, value: Any) -> Taken:
    kind = _kind_of(value)
    if kind is None:
        raise _refused(f"--take {name}: {_why_not(value)}.", _HOW)
    size = size_of(value)
    if size is not None and size > LIMIT:
        raise _too_large(name, size)
    folder = Path(tempfile.mkdtemp(prefix="jupyter-training-take-"))
    try:
        path = folder / f"value.{kind}"
        words = _WRITERS[kind](name, value, path)
        written, digest = path.stat().st_size, _hash_of(path)
        if written > LIMIT:
            raise _too_large(name, written)
        found = Taken(name, kind, words, digest, written, path)
    except BaseException as error:
        shutil.rmtree(folder, ignore_errors=True)
        if isinstance(error, OSError):
            raise _refused(
                f"--take {name}: it can't be written to {folder.parent}: {error.strerror}.", "Make room there."
            ) from None
        raise
    weakref.finalize(found, shutil.rmtree, folder, ignore_errors=True)
    return found


def _kind_of(value: Any) -> str | None:
    """The format for a value, judged by its type's name: nothing is imported for it."""
    kind = type(value)
    place = kind.__module__.partition(".")[0]
    if place == "pandas" and kind.__name__ in ("DataFrame", "Series"):
        return "parquet"
    if place == "numpy" and kind.__name__ in ("ndarray", "memmap"):
        return None if value.dtype.hasobject else "npy"
    if _is_tensor(value):
        return "safetensors"
    if isinstance(value, dict) and value and all(_is_tensor(one) for one in value.values()):
        return "safetensors" if all(isinstance(key, str) for key in value) else None
    return "json" if _is_json(value, 0) else None


def _is_tensor(value: Any) -> bool:
    kind = type(value)
    is_torch = kind.__module__.partition(".")[0] == "torch" and kind.__name__ in ("Tensor", "Parameter")
    return is_torch and str(value.layout) == "torch.strided"


def _is_json(value: Any, depth: int) -> bool:
    """Whether JSON gives back the same: no tuples, and texts alone as keys."""
    if value is None or type(value) in (bool, int, float, str):
        return True
    if depth > 100:
        return False
    if type(value) is list:
        return all(_is_json(one, depth + 1) for one in value)
    return type(value) is dict and all(type(key) is str and _is_json(one, depth + 1) for key, one in value.items())


def _why_not(value: Any) -> str:
    if type(value).__name__ == "ndarray":
        return f"an array of dtype {value.dtype} holds Python objects, and nothing is ever pickled"
    if isinstance(value, (list, dict, tuple)):
        return f"this {type(value).__name__} holds what JSON can't give back ({words_of(value)})"
    return f"a value of type {type(value).__name__} can't go along"


def _parquet(name: str, value: Any, path: Path) -> str:
    is_series = type(value).__name__ == "Series"
    if is_series:
        own = value.name if _is_json(value.name, 0) else str(value.name)
        frame = value.to_frame(SERIES + json.dumps(own))
        words = f"series {len(value)} {value.dtype}"
    else:
        frame, words = value, f"frame {value.shape[0]} x {value.shape[1]}"
    try:
        frame.to_parquet(path)
    except ImportError:
        raise _refused(
            f"--take {name}: pandas needs pyarrow or fastparquet to write a {'series' if is_series else 'frame'}.",
            "Install one: %pip install pyarrow",
        ) from None
    except (ValueError, TypeError, NotImplementedError) as error:  # pyarrow's errors are among them
        first = str(error).partition("\n")[0].rstrip(".")
        raise _refused(
            f"--take {name}: it can't be written as Parquet: {first}.", "Give its columns plain types or names."
        ) from None
    return words


def _npy(_: str, value: Any, path: Path) -> str:
    import_module("numpy").save(path, value, allow_pickle=False)
    shape = " x ".join(map(str, value.shape)) or "of one value"
    return f"array {shape} {value.dtype}"


def _safetensors(name: str, value: Any, path: Path) -> str:
    try:
        save = import_module("safetensors.torch").save_file
    except ImportError:
        raise _refused(
            f"--take {name}: tensors go along as safetensors, which is not installed here.",
            "Install it: %pip install safetensors",
        ) from None
    alone = not isinstance(value, dict)
    tensors = {TENSOR: value} if alone else value
    # Tensors that share memory, as tied weights do, are refused by safetensors; each gets its own.
    ready = {key: one.detach().cpu().contiguous().clone() for key, one in tensors.items()}
    save(ready, str(path), metadata={TENSOR: "alone"} if alone else None)
    if not alone:
        return f"dict of {len(value)} tensors"
    shape = " x ".join(map(str, value.shape)) or "of one value"
    return f"tensor {shape} {str(value.dtype).removeprefix('torch.')}"


def _json(name: str, value: Any, path: Path) -> str:
    try:
        text = json.dumps(value, ensure_ascii=False)
        path.write_text(text, "utf-8")
    except (ValueError, RecursionError) as error:  # it holds itself, or text that is none
        raise _refused(f"--take {name}: it can't be written as JSON: {error}.", _HOW) from None
    if isinstance(value, str):
        return f"text of {len(value)}"
    return f"{type(value).__name__} of {len(value)}" if isinstance(value, (dict, list)) else f"value {text}"


_WRITERS: dict[str, Callable[[str, Any, Path], str]] = {
    "parquet": _parquet,
    "npy": _npy,
    "safetensors": _safetensors,
    "json": _json,
}


def _hash_of(path: Path) -> str:
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
    return digest.hexdigest()


def _too_large(name: str, size: int) -> TooLarge:
    words = f"--take {name}: it has {size / 1e9:.1f} GB; 2 GB may go along."
    return TooLarge(words, hint="Save it to a file, and read that in the job.", errors=[Problem(words, key=_KEY)])


def _refused(words: str, hint: str) -> InvalidSpec:
    return InvalidSpec(words, hint=hint, errors=[Problem(words, key=_KEY)])
