"""Run a command with a SageMaker around it: python -m tests.sagemaker.within COMMAND ...

The double in a process of its own, credentials for it, and what a home says of an account: a command that knows nothing
of all that finds an account as a person would have one. Ends with the command, and with its exit code.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.sagemaker_double.fixture import Double, running

__all__ = ["house", "main"]


def house(double: Double) -> dict[str, object]:
    """What a home says of this account, as [sagemaker] of the settings."""
    image = "123456789012.dkr.ecr.us-east-1.amazonaws.com/plain:1"
    return {"role": double.role_arn, "bucket": double.bucket, "image": image, "poll_every": 0.6}


def main(command: list[str]) -> int:
    if not command:
        sys.exit(__doc__)
    with tempfile.TemporaryDirectory(prefix="double-") as folder, running(Path(folder)) as process:
        double = process.fresh()
        told = {"JUPYTER_TRAINING_SAGEMAKER": json.dumps(house(double)), **double.environment}
        return subprocess.run(command, env={**os.environ, **told}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
