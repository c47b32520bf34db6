"""scikit-learn in a checkpoint: estimators, by skops, or by joblib if the job says so.

skops reads only what is known to be harmless unless told otherwise. A checkpoint
is the job's own and its hashes have been checked, so that all that it names is
taken; joblib is pickle, which is why it is the person's choice. What somebody else
may have written names what is to be called when it is read: there only what skops
knows counts, and these few parts of scikit-learn's own estimators.
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
_HARMLESS = (
    "numpy.dtype",
    "sklearn.calibration._CalibratedClassifier",
    "sklearn.calibration._SigmoidCalibration",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.gaussian_process.kernels.ConstantKernel",
    "sklearn.gaussian_process.kernels.Product",
    "sklearn.gaussian_process.kernels.RBF",
    "sklearn.gaussian_process.kernels.Sum",
    "sklearn.gaussian_process.kernels.WhiteKernel",
    "sklearn.metrics._dist_metrics.EuclideanDistance64",
    "sklearn.neighbors._ball_tree.BallTree",
    "sklearn.neighbors._kd_tree.KDTree",
    "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
    "sklearn.neural_network._stochastic_optimizers.SGDOptimizer",
    "sklearn.tree._tree.Tree",
)


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


def read(folder: str, name: str, *, is_foreign: bool = False) -> Any:
    """Read what ``write`` has written. ``is_foreign``: perhaps not this job, nor one of its person's, wrote it.

    Raises:
        ValueError: it is foreign, and would call what is not known to be harmless.
    """
    path = os.path.join(folder, name)
    if name.endswith(".joblib"):
        if is_foreign:
            raise ValueError(f"{name} is a pickle, which would run code of whoever wrote it")
        return import_module("joblib").load(path)
    skops = import_module("skops.io")
    named = skops.get_untrusted_types(file=path)
    if is_foreign:
        unknown = sorted(set(named) - set(_HARMLESS))
        if unknown:
            raise ValueError(f"it has a {unknown[0]}, which might run code of whoever wrote it")
    return skops.load(path, trusted=named)
