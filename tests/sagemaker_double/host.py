"""The life of a job: a thread of its own brings its containers up, watches them, and says in which state it is.

    Starting -> Downloading -> Training -> Uploading -> Completed | Failed | Stopped
                 ^                  | a spot instance is taken back, or the service broke and a retry is allowed
                 '- Starting <- Interrupted | Restarting

What a caller asks for (stop, interrupt) comes as an order, and the thread follows it where it stands.
"""

from __future__ import annotations

import itertools
import logging
import re
import shutil
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.sagemaker_double.container import Container, Plan
from tests.sagemaker_double.faults import Switches
from tests.sagemaker_double.folders import Checkpoints, DownloadFailed, Instance, instances_of, prepare, upload
from tests.sagemaker_double.images import image
from tests.sagemaker_double.jobs import Job, now
from tests.sagemaker_double.storage import Missing, Shipper

__all__ = ["CONTAINER_KEY", "Host"]

CONTAINER_KEY = "AKIDOFTHECONTAINERS0"  # by which their calls are told from the caller's
INTERNAL = "InternalServerError: We encountered an internal error. Please try again."
CAPACITY = (
    "CapacityError: Unable to provision requested ML compute capacity. Please retry using a different ML instance type."
)


class Over(Exception):
    """The job ends here, in this way."""

    def __init__(self, status: str, secondary: str, reason: str | None = None) -> None:
        super().__init__(secondary)
        self.status, self.secondary, self.reason = status, secondary, reason


class Again(Exception):
    """The job begins anew, after this state."""


@dataclass
class Host:
    """Where all jobs run."""

    folder: Path
    switches: Switches
    endpoint: str = ""
    threads: list[threading.Thread] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.shipper = Shipper()
        self._slots = threading.Condition()
        self._taken = 0
        self._queue: list[Job] = []
        self._networks = itertools.count()
        self.live: dict[str, Life] = {}

    def take(self, job: Job) -> None:
        """Run this job, in a thread of its own."""
        life = Life(self, job)
        self.live[job.arn] = life
        thread = threading.Thread(target=life.run, name=job.name, daemon=True)
        self.threads = [t for t in self.threads if t.is_alive()]
        self.threads.append(thread)
        thread.start()

    def close(self) -> None:
        """Take everything down, and come back when it is."""
        self.clear()
        self.shipper.close()

    def clear(self) -> None:
        """End all jobs at once, without notice."""
        for life in list(self.live.values()):
            life.job.order("end")
        for thread in self.threads:
            thread.join(10)

    def acquire(self, job: Job, count: int) -> bool:
        """Whether this job has its containers now. Who has asked first comes first."""
        most = self.switches.now.containers
        with self._slots:
            if job not in self._queue:
                self._queue.append(job)
            if self._queue[0] is not job or (self._taken and self._taken + count > most):
                return False
            self._queue.pop(0)
            self._taken += count
            self._call_next()
            return True

    def release(self, job: Job, count: int) -> None:
        """Give back as many; 0 when it only leaves the queue."""
        with self._slots:
            if job in self._queue:
                self._queue.remove(job)
            self._taken -= count
            self._call_next()

    def _call_next(self) -> None:
        for job in self._queue[:1]:
            job.wake.set()

    def network(self) -> str:
        """The first three numbers of addresses that no other job has."""
        number = next(self._networks)
        return f"127.{1 + number // 250 % 250}.{number % 250}"


class Life:
    """One job on this host."""

    def __init__(self, host: Host, job: Job) -> None:
        self.host = host
        self.job = job
        self.attempt = 0
        self.held = 0
        self.epoch = 0
        self.instances: list[Instance] = []
        self.containers: list[Container] = []
        self.regexes: list[tuple[str, re.Pattern[str]]] = [
            (one["Name"], re.compile(one["Regex"]))
            for one in job.request["AlgorithmSpecification"].get("MetricDefinitions", [])
        ]

    def run(self) -> None:
        """The thread: attempts until one is the last."""
        job = self.job
        root = Path(tempfile.mkdtemp(prefix=f"{job.name}-", dir=self.host.folder))
        retries = job.request.get("RetryStrategy", {}).get("MaximumRetryAttempts", 0)
        try:
            while True:
                try:
                    self._attempt(root / str(self.attempt))
                except Again as again:
                    secondary = str(again)
                    if secondary == "Restarting":
                        if retries < 1:
                            raise Over("Failed", "Failed", INTERNAL) from None
                        retries -= 1
                    job.move(secondary)
                    self._give_back()
                    self.attempt += 1
                    job.move("Starting")
        except Over as over:
            job.reason = over.reason
            job.move(over.secondary, over.status)
        except Exception as error:
            logging.getLogger(__name__).exception("job %s", job.name)
            job.reason = f"InternalServerError: the double itself failed: {error!r}"
            job.move("Failed", "Failed")
        finally:
            self._give_back()
            self.host.live.pop(job.arn, None)
            shutil.rmtree(root, ignore_errors=True)

    # --- one attempt ---

    def _attempt(self, folder: Path) -> None:
        job = self.job
        self.instances = instances_of(job, folder)
        self._start_up()
        job.move("Downloading")
        checkpoints = Checkpoints(job, self.instances)
        try:
            for instance in self.instances:
                prepare(job, instance, self.instances)
            checkpoints.restore()
        except DownloadFailed as failed:
            raise Over("Failed", "Failed", str(failed)) from failed
        brought = image(job.request["AlgorithmSpecification"]["TrainingImage"])
        if not brought.is_there:
            raise Over(
                "Failed",
                "Failed",
                "ClientError: Cannot pull algorithm container. Either the image does not exist or its permissions are "
                "incorrect.",
            )
        self._heed()
        if job.last.status == "InProgress":
            job.move("Training")
        began = time.monotonic()
        self.containers = []
        try:
            self._launch(folder)
            ended = self._watch(checkpoints, began)
        finally:
            for container in self.containers:
                container.kill()
            job.trained_seconds += time.monotonic() - began
            self._join()
            checkpoints.sync()
        self._finish(ended)

    def _start_up(self) -> None:
        """Wait for capacity, as long as instances take to start, and for slots."""
        job, count = self.job, len(self.instances)
        ready = time.time() + self.host.switches.now.start_up
        while True:
            self._heed()
            at = time.time()
            if job.max_wait is not None and at - job.created > job.max_wait:
                raise Over("Stopped", "MaxWaitTimeExceeded")
            none = any(kind in self.host.switches.now.no_capacity for _, kind, _ in job.groups)
            if none and not job.is_spot:
                raise Over("Failed", "Failed", CAPACITY)
            if not none and at >= ready and self.host.acquire(job, count):
                self.held = count
                return
            job.wake.wait(0.25 if none or at < ready else 1.0)
            job.wake.clear()

    def _heed(self) -> None:
        """Follow an order where nothing runs yet."""
        order = self._order()
        if order in {"interrupt", "seize"}:
            raise Again("Interrupted")
        if order == "break":
            raise Again("Restarting")
        if order is not None:
            raise Over("Stopped", "Stopped")

    def _order(self) -> str | None:
        with self.job.lock:
            order = self.job.orders.pop(0) if self.job.orders else None
            if self.job.orders:
                self.job.wake.set()
            return order

    def _launch(self, folder: Path) -> None:
        job, network = self.job, self.host.network()
        named = [f"{network}.{n} {instance.name}" for n, instance in enumerate(self.instances, 1)]
        hosts = folder / "hosts"
        hosts.write_text("\n".join(["127.0.0.1 localhost", "::1 localhost", *named, ""]))
        algorithm = job.request["AlgorithmSpecification"]
        brought = image(algorithm["TrainingImage"])
        entry, arguments = algorithm.get("ContainerEntrypoint"), algorithm.get("ContainerArguments")
        command = [*entry, *(arguments or [])] if entry else [*brought.entry_point, *(arguments or ["train"])]
        variables = {**brought.variables, **self._variables(), **job.request.get("Environment", {})}
        # With several hosts an isolated job may still speak among them, and they share this machine's network.
        offline = bool(job.request.get("EnableNetworkIsolation")) and len(self.instances) == 1
        epoch = max(int(time.time()), self.epoch + 1)  # a stream's name is not used twice
        self.epoch = epoch
        for instance in self.instances:
            stream = f"{job.name}/{instance.name}-{epoch}"
            self._ship(stream, None)
            plan = Plan(command, variables, instance.ml, instance.name, hosts, offline)
            self.containers.append(Container(plan, said=self._listener(stream), over=job.wake.set))

    def _variables(self) -> dict[str, str]:
        job = self.job
        told = {"TRAINING_JOB_NAME": job.name, "TRAINING_JOB_ARN": job.arn, "AWS_REGION": job.region}
        if job.request.get("EnableNetworkIsolation"):
            return told
        return {
            **told,
            "AWS_DEFAULT_REGION": job.region,
            "AWS_ENDPOINT_URL": self.host.endpoint,
            "S3_ENDPOINT_URL": self.host.endpoint,
            "AWS_ACCESS_KEY_ID": CONTAINER_KEY,
            "AWS_SECRET_ACCESS_KEY": "none",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def _listener(self, stream: str) -> Callable[[str], None]:
        def said(line: str) -> None:
            self._ship(stream, line)
            for name, regex in self.regexes:
                for found in regex.finditer(line):
                    try:
                        self.job.metrics[name] = (float(found.group(1)), now())
                    except (ValueError, IndexError):
                        continue

        return said

    def _ship(self, stream: str, line: str | None) -> None:
        lag = self.host.switches.now.log_lag
        self.host.shipper.ship(self.job.account, self.job.region, stream, line, lag=lag)

    def _watch(self, checkpoints: Checkpoints, began: float) -> str:
        """Until the containers have ended by themselves or by an order; how they were ended, or empty."""
        job, ended, kill_at = self.job, "", float("inf")
        spent = job.trained_seconds
        while not all(c.code is not None for c in self.containers):
            at = time.monotonic()
            order = self._order()
            if order in {"seize", "end", "break"}:  # without notice
                kill_at = at
                ended = ended if ended == "stop" else "interrupt" if order == "seize" else order
            elif order is not None and not ended:
                ended = order
            elif not ended and spent + at - began >= job.max_run:
                ended = "max_run"
            elif not ended and job.max_wait is not None and time.time() - job.created >= job.max_wait:
                ended = "max_wait"
            elif not ended and any(c.code for c in self.containers):
                ended, kill_at = "failed", at  # one host's failure is the job's
            if ended and kill_at == float("inf"):
                kill_at = at + self.host.switches.now.grace
                if job.last.status == "InProgress" and ended in {"max_run", "max_wait"}:
                    job.move("Stopping", "Stopping")
                for container in self.containers:
                    container.terminate()
            if at >= kill_at:
                for container in self.containers:
                    container.kill()
            checkpoints.sync()
            due = [at + 1.0]
            due += [kill_at] if kill_at > at else []
            due += [began - spent + job.max_run] if not ended else []
            job.wake.wait(max(0.01, min(due) - time.monotonic()))
            job.wake.clear()
        return ended

    def _join(self) -> None:
        end = time.monotonic() + 10
        while any(c.code is None for c in self.containers) and time.monotonic() < end:
            self.job.wake.wait(0.05)
            self.job.wake.clear()

    def _finish(self, ended: str) -> None:
        """Upload what there is, and say how it was."""
        job = self.job
        if ended == "interrupt":
            raise Again("Interrupted")
        if ended == "break":
            raise Again("Restarting")
        if ended == "end":
            raise Over("Stopped", "Stopped")
        failed = next((n for n, c in enumerate(self.containers) if c.code and c.code != 137), None)
        if failed is None:
            failed = next((n for n, c in enumerate(self.containers) if c.code), None)
        has_failed = ended in {"", "failed"} and failed is not None
        job.move("Uploading")
        try:
            if not has_failed:
                job.has_model = upload(job, self.instances, "model")
            upload(job, self.instances, "output")
        except Missing as missing:
            raise Over("Failed", "Failed", f"ClientError: Artifact upload failed: {missing}") from missing
        if has_failed:
            assert failed is not None
            raise Over("Failed", "Failed", self._reason(failed))
        ways = {"stop": "Stopped", "max_run": "MaxRuntimeExceeded", "max_wait": "MaxWaitTimeExceeded"}
        if ended in ways:
            raise Over("Stopped", ways[ended])
        # A stop that came too late for the containers is a stop all the same.
        raise Over(*(("Stopped", "Stopped") if job.last.status == "Stopping" else ("Completed", "Completed")))

    def _reason(self, number: int) -> str:
        try:
            text = (self.instances[number].ml / "output" / "failure").read_text("utf-8", "replace")[:1024]
        except OSError:
            text = ""
        return f"AlgorithmError: {text}, exit code: {self.containers[number].code}"[:1024]

    def _give_back(self) -> None:
        self.host.release(self.job, self.held)
        self.held = 0
