"""Where a person finds an attempt at AWS: what it runs on, its training job's name, its model. Pure."""

from __future__ import annotations

from jupyter_training.backends.sagemaker.options import Settled
from jupyter_training.backends.sagemaker.places import root
from jupyter_training.seams.backend_wishes import Traces

__all__ = ["traces"]


def traces(settled: Settled, handle: str | None) -> Traces:
    """``handle`` is the backend's own text: region and name."""
    count = f"{settled.instances} × " if settled.instances > 1 else ""
    machines = f"{count}{settled.instance}{', spot' if settled.spot else ''}"
    if handle is None:
        return Traces(machines)
    name = handle.partition("/")[2]
    return Traces(machines, name, f"{root(settled.bucket, settled.prefix)}/out/{name}/output/model.tar.gz")
