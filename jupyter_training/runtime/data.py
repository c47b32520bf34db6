"""Values that came along with a job's code, read under their names. Nothing is ever unpickled.

    npy          an array, mapped from its file and read-only
    parquet      a frame, or a series as a frame with one column of a special name
    safetensors  a tensor or a dict of tensors, mapped from their file
    json         dicts, lists, texts, numbers

Libraries are imported when a value needs them.
"""

from __future__ import annotations

import json
from importlib import import_module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

__all__ = ["SERIES", "TENSOR", "load"]

SERIES = "jupyter_training.series:"  # and the series's own name as JSON
TENSOR = "jupyter_training.tensor"  # the metadata's key for a tensor that stands alone


def load(data: Iterable[Mapping[str, Any]], namespace: dict[str, Any]) -> None:
    """Put each value into the namespace under its name. Libraries' errors come out as they are."""
    for one in data:
        namespace[one["name"]] = _READERS[one["kind"]](one["path"])


def _npy(path: str) -> Any:
    numpy = import_module("numpy")
    try:
        return numpy.load(path, mmap_mode="r", allow_pickle=False).view(numpy.ndarray)
    except ValueError:  # an empty array can't be mapped
        array = numpy.load(path, allow_pickle=False)
        array.flags.writeable = False
        return array


def _parquet(path: str) -> Any:
    frame = import_module("pandas").read_parquet(path)
    first = frame.columns[0] if len(frame.columns) == 1 else None
    if not (isinstance(first, str) and first.startswith(SERIES)):
        return frame
    series = frame[first]
    series.name = json.loads(first[len(SERIES) :])
    return series


def _safetensors(path: str) -> Any:
    with import_module("safetensors").safe_open(path, framework="pt") as file:
        if TENSOR in (file.metadata() or {}):
            return file.get_tensor(TENSOR)
        return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (it is no mapping)


def _json(path: str) -> Any:
    with open(path, encoding="utf-8") as file:
        return json.load(file)


_READERS = {"npy": _npy, "parquet": _parquet, "safetensors": _safetensors, "json": _json}
