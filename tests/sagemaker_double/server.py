"""The parts put together: moto with our operations, the host of the containers, and the HTTP server before them."""

from __future__ import annotations

import dataclasses
import json
import logging
import tempfile
import threading
import uuid
from pathlib import Path
from typing import Any

from moto.iam.models import iam_backends
from moto.s3.models import s3_backends
from moto.sagemaker.models import sagemaker_backends
from werkzeug.serving import WSGIRequestHandler, make_server

from tests.sagemaker_double import operations, surroundings
from tests.sagemaker_double.container import isolation
from tests.sagemaker_double.faults import Calls, Faults, Switches
from tests.sagemaker_double.front import Front
from tests.sagemaker_double.host import Host
from tests.sagemaker_double.jobs import Job
from tests.sagemaker_double.storage import MOTO, forget_log

__all__ = ["ACCOUNT", "Server"]

ACCOUNT = "123456789012"


class Server:
    """A SageMaker that runs until it is closed."""

    def __init__(self, *, port: int = 0, folder: Path | None = None, region: str = "us-east-1", faults: Faults) -> None:
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        self.region = region
        self.switches = Switches(faults)
        self.calls = Calls()
        self._own = tempfile.TemporaryDirectory(prefix="double-") if folder is None else None
        place = Path(self._own.name) if self._own else folder
        assert place is not None
        place.mkdir(parents=True, exist_ok=True)
        self.host = Host(place, self.switches)
        operations.install(self.host, self.switches)
        surroundings.install(self.switches)
        front = Front(self.switches, self.calls, self.control)
        self._http = make_server("127.0.0.1", port, front, threaded=True, request_handler=_Quiet)
        self._http.daemon_threads = True
        self.endpoint = f"http://127.0.0.1:{self._http.server_port}"
        self.host.endpoint = self.endpoint
        self.isolation = isolation()

    def start(self) -> None:
        threading.Thread(target=self._http.serve_forever, args=(0.05,), name="http", daemon=True).start()

    def close(self) -> None:
        """Take down the containers, then the server."""
        self.host.close()
        self._http.shutdown()
        self._http.server_close()
        if self._own:
            self._own.cleanup()

    def control(self, method: str, path: str, given: dict[str, Any]) -> Any:
        """The routes under /double/, for tests and for a person's hand."""
        match method, path.split("/"):
            case "GET", ["state"]:
                return {
                    "endpoint": self.endpoint,
                    "region": self.region,
                    "namespaces": self.isolation or "yes",
                    "jobs": {job.name: [job.last.status, job.last.secondary] for job in self._jobs()},
                }
            case "GET", ["faults"]:
                return dataclasses.asdict(self.switches.now)
            case (("PATCH" | "POST"), ["faults"]):
                self.switches.change(**given)
                return dataclasses.asdict(self.switches.now)
            case "DELETE", ["faults"]:
                self.switches.reset()
                return dataclasses.asdict(self.switches.now)
            case "GET", ["calls"]:
                since = float(given.pop("since", 0))
                return {"calls": self.calls.of(**given, since=since), "counts": self.calls.counts()}
            case "DELETE", ["calls"]:
                self.calls.clear()
                return {}
            case "POST", ["fresh"]:
                return self._fresh()
            case "GET", ["jobs", name]:
                job = self._job(name)
                return json.loads(json.dumps(job.description(spot_share=self.switches.now.spot_share)))
            case "POST", ["jobs", name, ("interrupt" | "seize" | "break") as what]:
                self._order(self._job(name), what)
                return {}
            case "DELETE", ["jobs"]:
                self.host.clear()
                return {}
        raise LookupError(f"There is no {method} /double/{path}.")

    def _order(self, job: Job, what: str) -> None:
        if job.is_over:
            raise ValueError(f"{job.name} is {job.last.status}.")
        if what != "break" and not job.is_spot:
            raise ValueError(f"{job.name} has no spot instances that could be taken back.")
        job.order(what)

    def _fresh(self) -> dict[str, str]:
        """A bucket and a role that nobody has used; every fault off, no job and no log."""
        self.host.clear()
        self.host.shipper.forget()
        forget_log(ACCOUNT)
        self.switches.reset()
        self.calls.clear()
        with MOTO:
            for one in sagemaker_backends[ACCOUNT].values():
                one.training_jobs.clear()
        mark = uuid.uuid4().hex[:12]
        with MOTO:
            s3_backends[ACCOUNT]["aws"].create_bucket(f"double-{mark}", self.region)
            trust = {
                "Version": "2012-10-17",
                "Statement": [
                    {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}
                ],
            }
            role = iam_backends[ACCOUNT]["aws"].create_role(
                role_name=f"double-{mark}",
                assume_role_policy_document=json.dumps(trust),
                path="/",
                permissions_boundary=None,
                description="",
                tags=[],
                max_session_duration="3600",
            )
        return {"bucket": f"double-{mark}", "role_arn": role.arn}

    def _jobs(self) -> list[Job]:
        regions = list(sagemaker_backends[ACCOUNT].values())
        return [job for one in regions for job in list(one.training_jobs.values())]

    def _job(self, name: str) -> Job:
        found = next((job for job in self._jobs() if job.name == name), None)
        if found is None:
            raise LookupError(f"There is no job {name}.")
        return found


class _Quiet(WSGIRequestHandler):
    # Without this each answer waits for the other side's acknowledgement.
    disable_nagle_algorithm = True

    def log_request(self, *words: Any) -> None:
        """Say nothing."""
