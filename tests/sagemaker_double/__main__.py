"""A SageMaker for the hand: prints what to set, and runs until Ctrl-C."""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from tests.sagemaker_double.faults import Faults

if TYPE_CHECKING:
    from tests.sagemaker_double.server import Server

PYTHON = Path(__file__).parents[2] / ".venvs" / "sagemaker" / "bin" / "python"


def main() -> None:
    read = argparse.ArgumentParser(prog="python -m tests.sagemaker_double", description=__doc__)
    read.add_argument("--port", type=int, default=0, help="of the endpoint; any free one if not given")
    read.add_argument("--folder", type=Path, help="where jobs have their files while they run")
    read.add_argument("--region", default="us-east-1")
    read.add_argument("--quota", action="append", default=[], metavar="TYPE=N", help="instances of a type at once")
    read.add_argument("--containers", type=int, default=Faults().containers, help="at once; the other jobs wait")
    read.add_argument("--start-up", type=float, default=0.0, metavar="SECONDS", help="from Create to the download")
    read.add_argument("--grace", type=float, default=120.0, metavar="SECONDS", help="from SIGTERM to SIGKILL")
    read.add_argument("--log-lag", type=float, default=1.0, metavar="SECONDS", help="from a line to its event")
    read.add_argument("--json", action="store_true", help="say what to set as JSON, and end when the input ends")
    told = read.parse_args()
    if importlib.util.find_spec("moto") is None:  # in another environment than its own
        if not PYTHON.exists():
            sys.exit("The double has no environment yet: make sagemaker-env")
        os.execv(PYTHON, [str(PYTHON), "-m", "tests.sagemaker_double", *sys.argv[1:]])
    from tests.sagemaker_double.server import Server

    faults = Faults(
        quota={kind: int(number) for kind, _, number in (one.partition("=") for one in told.quota)},
        containers=told.containers,
        start_up=told.start_up,
        grace=told.grace,
        log_lag=told.log_lag,
    )
    server = Server(port=told.port, folder=told.folder, region=told.region, faults=faults)
    over = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: over.set())
    server.start()
    fresh = server.control("POST", "fresh", {})
    if told.json:
        print(json.dumps({"endpoint": server.endpoint, "isolation": server.isolation}), flush=True)
        threading.Thread(target=lambda: (sys.stdin.read(), over.set()), daemon=True).start()
    else:
        print(said(server, fresh), flush=True)
    over.wait()
    server.close()
    os._exit(0)  # else what moto holds is taken apart, which takes a while


def said(server: Server, fresh: dict[str, str]) -> str:
    """What a person copies into a terminal."""
    where = "in namespaces of their own" if not server.isolation else f"without namespaces ({server.isolation})"
    return f"""SageMaker is at {server.endpoint}; its containers run {where}. Ctrl-C ends it and them.

export AWS_ENDPOINT_URL={server.endpoint}
export AWS_ACCESS_KEY_ID=AKIDOFACALLER0000000 AWS_SECRET_ACCESS_KEY=none
export AWS_REGION={server.region} AWS_DEFAULT_REGION={server.region}

role   {fresh["role_arn"]}
bucket {fresh["bucket"]}
faults curl -X PATCH {server.endpoint}/double/faults -d '{{"no_capacity": ["ml.g5.xlarge"]}}'"""


if __name__ == "__main__":
    main()
