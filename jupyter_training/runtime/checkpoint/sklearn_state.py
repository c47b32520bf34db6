"""scikit-learn in a checkpoint: estimators, by skops, or by joblib if the job says so.

skops reads only what is known to be harmless unless told otherwise. A checkpoint
is the job's own and its hashes have been checked, so that all that it names is
taken; joblib is pickle, which is why it is the person's choice.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module

from jupyter_training.runtime.checkpoint import place

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["is_estimator", "read", "write"]

_FORMATS = ("skops", "joblib")


def is_estimator(value: object) -> bool:
    base = sys.modules.get("sklearn.base")
    return base is not None and isinstance(value, base.BaseEstimator) and not isinstance(value, type)


def write(folder: str, stem: str, estimator: Any) -> str:
    """Write one estimator; the name of its file.

    Raises:
        TypeError: the library that is to write it is not there, or can't.
    """
    kind = place.sklearn_format()
    if kind not in _FORMATS:
        raise TypeError(f"checkpoints: sklearn: {kind!r} is not known; there are {' and '.join(_FORMATS)}.")
    name = f"{stem}.{kind}"
    path = os.path.join(folder, name)
    try:
        if kind == "skops":
            import_module("skops.io").dump(estimator, path)
        else:
            import_module("joblib").dump(estimator, path)
    except ImportError as error:
        raise TypeError(
            f"a {type(estimator).__name__} is saved with {kind}, which the job's environment lacks ({error})."
            " Install it there, or write `checkpoints: {sklearn: joblib}` (which is pickle)."
        ) from None
    return name


def read(folder: str, name: str) -> Any:
    path = os.path.join(folder, name)
    if name.endswith(".joblib"):
        return import_module("joblib").load(path)
    skops = import_module("skops.io")
    return skops.load(path, trusted=skops.get_untrusted_types(file=path))
