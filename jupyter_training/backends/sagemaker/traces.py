"""Where a person finds an attempt at AWS: what it runs on, its training job's name, its model. Pure."""

from __future__ import annotations

from jupyter_training.backends.sagemaker.names import job_name
from jupyter_training.backends.sagemaker.options import Settled
from jupyter_training.backends.sagemaker.places import are_packed, root
from jupyter_training.core.ids import JobId
from jupyter_training.core.job import JobSpec
from jupyter_training.seams.backend_wishes import Traces

__all__ = ["traces"]


def traces(spec: JobSpec, settled: Settled, job: JobId | None, number: int) -> Traces:
    """``job`` None: only what it would run on."""
    count = f"{settled.instances} × " if settled.instances > 1 else ""
    machines = f"{count}{settled.instance}{', spot' if settled.spot else ''}"
    if job is None:
        return Traces(machines)
    name = job_name(spec.name, job, number)
    model = "model.tar.gz" if are_packed(settled.request) else "model/"
    return Traces(machines, name, f"{root(settled.bucket, settled.prefix)}/out/{name}/output/{model}")
