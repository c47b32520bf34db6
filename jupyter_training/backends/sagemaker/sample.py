"""A job that has no id yet, as if it had one: what its request and its uploads look like, and how large they are."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from jupyter_training import __version__
from jupyter_training.backends.sagemaker import names
from jupyter_training.backends.sagemaker.options import Settled, is_s3
from jupyter_training.backends.sagemaker.places import Places, root
from jupyter_training.core.ids import JobId, content_hash
from jupyter_training.core.job import JobSpec
from jupyter_training.runtime import archive
from jupyter_training.seams.backend_wishes import Upload

__all__ = ["TAGS", "name_of", "places_of", "uploads_of"]

_JOB = JobId("xxxxxxxxxx")
_HASH = "0" * 64  # of what is not packed yet

TAGS = names.tags(_JOB, 1, token="x", store="x" * 32, version=__version__)  # noqa: S106 (nobody's token)


def name_of(name: str) -> str:
    """The training job's name, with an id of x's."""
    return names.job_name(name, _JOB, 1)


def places_of(spec: JobSpec, settled: Settled) -> Places:
    """Where everything will be. Hashes of what is packed when it is sent are zeros."""
    base = root(settled.bucket, settled.prefix)
    code = content_hash([[file.path, file.sha256] for file in spec.files])
    start = spec.start
    return Places.of(
        base,
        job=_JOB,
        attempt=1,
        boot=_HASH,
        code=code,
        data=content_hash([one.sha256 for one in spec.data]) if spec.data else None,
        start=f"{base}/checkpoints/{start.job}" if start is not None else None,
        inputs=dict.fromkeys(settled.local_inputs, _HASH),
        kept_at=spec.checkpoints.to if is_s3(spec.checkpoints.to or "") else None,
    )


def uploads_of(spec: JobSpec, settled: Settled) -> list[Upload]:
    """What will be sent, with sizes before anything is compressed."""
    places = places_of(spec, settled)
    boot = archive.boot_files()
    found = (
        [] if settled.launcher == "toolkit" else [Upload("boot", places.boot, sum(map(len, boot.values())), len(boot))]
    )
    found += [Upload("code", places.code, sum(file.size for file in spec.files), len(spec.files))]
    if spec.context is not None:
        found.append(Upload("context", places.code, spec.context.size, spec.context.files))
    if places.data is not None:
        found.append(Upload("values", places.data, sum(one.size for one in spec.data), len(spec.data)))
    for channel, path in settled.local_inputs.items():
        sizes = list(_sizes(Path(path)))
        found.append(Upload(f"inputs.{channel}", places.inputs[channel], sum(sizes), len(sizes)))
    return found


def _sizes(path: Path) -> Iterator[int]:
    """The sizes of a file, or of all files in a folder."""
    if path.is_file():
        yield path.stat().st_size
        return
    for folder, _, files in os.walk(path):
        for name in files:
            try:
                yield os.stat(os.path.join(folder, name)).st_size
            except OSError:
                continue
