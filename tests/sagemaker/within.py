"""Run a command with a SageMaker around it: python -m tests.sagemaker.within COMMAND ...

The double in a process of its own, credentials for it, and what a home says of an account: a command that knows nothing
of all that finds an account as a person would have one. Ends with the command, and with its exit code.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.sagemaker_double.fixture import Double, running

__all__ = ["account", "main", "said"]

IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/plain:1"


def said(double: Double) -> dict[str, str]:
    """The variables by which a process finds this account, and what its home says of it, as [sagemaker] does."""
    house = {"role": double.role_arn, "bucket": double.bucket, "image": IMAGE, "poll_every": 0.6}
    return {**double.environment, "JUPYTER_TRAINING_SAGEMAKER": json.dumps(house)}


@contextlib.contextmanager
def account(folder: Path) -> Iterator[dict[str, str]]:
    """A double as long as the block lasts, and the variables by which it is found."""
    folder.mkdir(parents=True, exist_ok=True)
    with running(folder) as process:
        yield said(process.fresh())


def main(command: list[str]) -> int:
    if not command:
        sys.exit(__doc__)
    with tempfile.TemporaryDirectory(prefix="double-") as folder, account(Path(folder)) as found:
        return subprocess.run(command, env={**os.environ, **found}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
