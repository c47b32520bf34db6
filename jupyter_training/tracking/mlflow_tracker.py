"""The record in MLflow. Only the mirror's process imports this.

    begin     experiment -> run, searched by the job's tag before it is created
    describe  tags, parameters, spec.json, code/
    relate    of a search: hptuning_tag on all its runs, mlflow.parentRunId on those of its trials
    conclude  of a search: best_* parameters and metrics, results.csv, optimization_results.yaml
    go_on     the status RUNNING again, tags about resumed attempts and changed parameters
    write     log_batch of up to 1000 points; MLflow drops exact repetitions
    end       log.txt, outputs/, then the status

Every step may be repeated: tags and files are replaced by the same, parameters
and points that are there already are left alone by MLflow's SQL store, and a
run is created together with the tag that finds it again.
"""

from __future__ import annotations

import logging
import math
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy
from mlflow.entities import LifecycleStage, Metric, Param, RunInfo, RunTag, ViewType
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Attempt, Job
from jupyter_training.core.lifecycle import TERMINAL
from jupyter_training.core.metric import Point
from jupyter_training.seams.tracker import Findings, Kinship, RunLost, RunRef, RunRemoved, TrackerUnavailable
from jupyter_training.settings import Settings
from jupyter_training.tracking import mlflow_files, mlflow_text
from jupyter_training.tracking.mlflow_faults import Refused, told
from jupyter_training.tracking.mlflow_place import artifact_root, is_database, local_path

__all__ = ["MlflowTracker"]

logger = logging.getLogger("jupyter_training.tracking")

_POINTS = 1000  # in one call; MLflow takes no more
_RUNNING = "RUNNING"
_ITEMS = 100  # parameters or tags in one call
# What servers of today and of the last years take for one parameter.
_PARAM_LENGTHS = (mlflow_text.PARAM_LENGTH, 500, 250)

T = TypeVar("T", Metric, Param, RunTag)


class MlflowTracker:
    """One run per job of one store. Not for use by several threads."""

    def __init__(self, settings: Settings, store_id: str, *, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._settings = settings
        self._store_id = store_id
        self._connected: MlflowClient | None = None
        self._experiments: dict[str, str] = {}

    def connect(self) -> None:
        """Open the record; an embedded database is made where there is none, which takes seconds.

        Raises:
            TrackerUnavailable: it does not answer.
        """
        self._client()

    def begin(self, job: Job) -> RunRef:
        name = mlflow_text.experiment_name(job)
        try:
            with told():
                experiment_id = self._experiment(name)
                info = (self._run_of(job.id, [experiment_id], ViewType.ALL) or self._create(experiment_id, job)).info
                return RunRef(info.experiment_id, info.run_id, info.artifact_uri)
        except (Refused, RunLost) as error:
            # The experiment may have been deleted since we looked.
            self._experiments.pop(name, None)
            raise TrackerUnavailable(f"no run can be made in the experiment {name!r}: {error}") from error

    def describe(self, run: RunRef, job: Job) -> None:
        self._send_tags(run, mlflow_text.tags(job, self._store_id))
        self._send_params(run, job)
        with self._about(run), tempfile.TemporaryDirectory(prefix="jupyter-training-") as folder:
            self._client().log_dict(run.run_id, job.spec.model_dump(mode="json"), "spec.json")
            mlflow_files.lay_out(job.spec, self._settings.blobs, Path(folder))
            self._client().log_artifacts(run.run_id, folder, "code")

    def relate(self, run: RunRef, kinship: Kinship) -> None:
        self._send_tags(run, mlflow_text.kinship(kinship))
        params = [Param(name, text) for name, text in mlflow_text.found_params(kinship.params).items()]
        for param, error in self._each(run, params, _ITEMS, lambda part: self._log(run, params=part)):
            logger.warning("run %s: the parameter %r was left out: %s", run.run_id, param.key, error)

    def conclude(self, run: RunRef, findings: Findings) -> None:
        if findings.trial is not None:
            self._send_tags(run, {mlflow_text.BEST_TAG: str(findings.trial)})
        found = mlflow_text.found_params(findings.params, prefix="best_")
        params = [Param(name, text) for name, text in found.items()]
        refused = list(self._each(run, params, _ITEMS, lambda part: self._log(run, params=part)))
        if refused:  # it has another best one since: a parameter can't be changed, a tag can
            with self._about(run):
                there = self._client().get_run(run.run_id).data.params
            for param, _ in refused:
                self._send_tags(run, mlflow_text.changed(param.key, there.get(param.key, "not set"), param.value))
        at = _milliseconds(findings.at)
        metrics = [
            Metric(mlflow_text.series(f"best_{name}"), value, at, findings.trials)
            for name, value in findings.metrics.items()
        ]
        for metric, error in self._each(run, metrics, _POINTS, lambda part: self._log(run, metrics=part)):
            logger.warning("run %s: %r was left out: %s", run.run_id, metric.key, error)
        with self._about(run):
            for name, text in findings.files.items():
                self._client().log_text(run.run_id, text, name)

    def go_on(self, run: RunRef, job: Job, attempts: Sequence[Attempt]) -> None:
        self._send_tags(run, mlflow_text.resumed(job, attempts))
        if job.state not in TERMINAL:
            with self._about(run):
                if self._check(run).status != _RUNNING:
                    self._client().update_run(run.run_id, status=_RUNNING)

    def write(self, run: RunRef, points: Sequence[Point]) -> None:
        metrics = [_metric(point) for point in points]
        for metric, error in self._each(run, metrics, _POINTS, lambda part: self._log(run, metrics=part)):
            logger.warning("run %s: a point of %r was left out: %s", run.run_id, metric.key, error)

    def end(self, run: RunRef, job: Job, *, log: Path | None, outputs: Path | None) -> None:
        with self._about(run):
            place = local_path(self._check(run).artifact_uri)
            if log is not None:
                self._client().log_artifact(run.run_id, str(log))
            if outputs is not None:
                self._keep(run, outputs, place)
        self._send_tags(run, {mlflow_text.END_TAG: mlflow_text.end_text(job)})
        with self._about(run):
            ended = _milliseconds(self._clock() if job.ended is None else job.ended)
            self._client().set_terminated(run.run_id, mlflow_text.STATUS[job.state], end_time=ended)

    def find(self, job: JobId) -> RunRef | None:
        try:
            with told():
                token = None
                while True:
                    page = self._client().search_experiments(view_type=ViewType.ALL, page_token=token)
                    found = (
                        self._run_of(job, [one.experiment_id for one in page], ViewType.ACTIVE_ONLY) if page else None
                    )
                    if found is not None:
                        return RunRef(found.info.experiment_id, found.info.run_id, found.info.artifact_uri)
                    token = page.token
                    if not token:
                        return None
        except (Refused, RunLost) as error:
            raise TrackerUnavailable(f"the run of the job {job} can't be looked for: {error}") from error

    def remove(self, run: RunRef) -> None:
        try:
            with told():
                info = self._client().get_run(run.run_id).info
                # Files first: what is cut short here is done by the next try. A registered model may lie among them.
                if not self._client().search_model_versions(f"run_id = '{info.run_id}'", max_results=1):
                    mlflow_files.remove(info.artifact_uri, info.run_id, artifact_root(self._settings))
                self._client().delete_run(run.run_id)
        except (Refused, RunLost, RunRemoved):
            return

    # -- experiments and runs --------------------------------------------------------------------------------------

    def _client(self) -> MlflowClient:
        if self._connected is None:
            uri = self._settings.mlflow_uri
            try:
                with told():
                    if is_database(uri):
                        # MLflow itself tries for minutes where a database can't be opened; we have our own patience.
                        engine = sqlalchemy.create_engine(uri, poolclass=sqlalchemy.NullPool)
                        sqlalchemy.inspect(engine).get_table_names()
                    client = MlflowClient(uri)
                    client.search_experiments(max_results=1)
            except (Refused, RunLost) as error:
                raise TrackerUnavailable(str(error)) from error
            self._connected = client
        return self._connected

    def _experiment(self, name: str) -> str:
        """The id of the experiment of that name. One that a person deleted stays so: the next number is taken."""
        known = self._experiments.get(name)
        if known is not None:
            return known
        wanted, number = name, 1
        while True:
            found = self._client().get_experiment_by_name(wanted)
            if found is None:
                self._create_experiment(wanted)
            elif found.lifecycle_stage == LifecycleStage.ACTIVE:
                return self._experiments.setdefault(name, found.experiment_id)
            else:
                number += 1
                wanted = f"{name} ({number})"

    def _create_experiment(self, name: str) -> None:
        """Make it, unless somebody else is quicker."""
        root = artifact_root(self._settings)
        folder = "".join(letter if letter.isalnum() or letter in "-_." else "_" for letter in name)
        try:
            self._client().create_experiment(name, artifact_location=None if root is None else str(root / folder))
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise

    def _run_of(self, job: JobId, experiments: list[str], view: int) -> Any:
        wanted = {mlflow_text.JOB_TAG: job, mlflow_text.STORE_TAG: self._store_id}
        text = " and ".join(f"tags.`{name}` = '{value}'" for name, value in wanted.items())
        found = self._client().search_runs(experiments, text, run_view_type=view, max_results=1)
        return found[0] if found else None

    def _create(self, experiment_id: str, job: Job) -> Any:
        tags = mlflow_text.tags(job, self._store_id)
        named = {name: tags[name] for name in (mlflow_text.JOB_TAG, mlflow_text.STORE_TAG)}
        # A job that is being launched has no start yet; it will be a moment from now.
        started = _milliseconds(self._clock() if job.started is None else job.started)
        return self._client().create_run(experiment_id, start_time=started, tags=named, run_name=job.name)

    def _check(self, run: RunRef) -> RunInfo:
        info = self._client().get_run(run.run_id).info
        if info.lifecycle_stage != LifecycleStage.ACTIVE:
            raise RunRemoved(f"The run {run.run_id} was deleted.")
        return info

    # -- content ---------------------------------------------------------------------------------------------------

    def _send_tags(self, run: RunRef, tags: dict[str, str]) -> None:
        items = [RunTag(name, value) for name, value in tags.items()]
        for tag, error in self._each(run, items, _ITEMS, lambda part: self._log(run, tags=part)):
            logger.warning("run %s: the tag %r was left out: %s", run.run_id, tag.key, error)

    def _send_params(self, run: RunRef, job: Job) -> None:
        """Send the parameters; those that are refused again with less text, as older servers take less."""
        refused: dict[str, Refused] = {}
        cut: tuple[str, ...] = ()
        for longest in _PARAM_LENGTHS:
            found = mlflow_text.params(job, longest=longest)
            items = [Param(name, text) for name, text in found.values.items() if not refused or name in refused]
            refused = {
                param.key: error
                for param, error in self._each(run, items, _ITEMS, lambda part: self._log(run, params=part))
            }
            cut = found.cut
            if not refused:
                break
        for name, error in refused.items():
            logger.warning("run %s: the parameter %r was left out: %s", run.run_id, name, error)
        if cut:
            self._send_tags(run, {mlflow_text.CUT_TAG: ", ".join(cut)[: mlflow_text.TAG_LENGTH]})

    def _keep(self, run: RunRef, outputs: Path, place: Path | None) -> None:
        """Keep the outputs. ``place``: the folder of the run's files, if it is on this machine."""
        for path, here in mlflow_files.regular_files(outputs):
            kept = Path("outputs", path.relative_to(outputs))
            if place is None or not mlflow_files.link(path, here, place / kept):
                self._client().log_artifact(run.run_id, str(path), str(kept.parent))

    # -- sending ---------------------------------------------------------------------------------------------------

    def _log(
        self,
        run: RunRef,
        *,
        metrics: Sequence[Metric] = (),
        params: Sequence[Param] = (),
        tags: Sequence[RunTag] = (),
    ) -> None:
        self._client().log_batch(run.run_id, metrics=metrics, params=params, tags=tags)

    def _each(
        self, run: RunRef, items: Sequence[T], size: int, send: Callable[[Sequence[T]], None]
    ) -> Iterator[tuple[T, Refused]]:
        """Send items in portions. Where one is refused it is halved until the odd items stand alone; gives those."""
        for start in range(0, len(items), size):
            part = items[start : start + size]
            try:
                with told():
                    send(part)
            except Refused as error:
                with told():
                    self._check(run)
                if len(part) == 1:
                    yield part[0], error
                else:
                    yield from self._each(run, part, (len(part) + 1) // 2, send)

    @contextmanager
    def _about(self, run: RunRef) -> Iterator[None]:
        """Around calls whose refusal can only mean that the run is deleted, or that something is amiss for now."""
        try:
            with told():
                yield
        except Refused as error:
            with told():
                self._check(run)
            raise TrackerUnavailable(str(error)) from error


def _metric(point: Point) -> Metric:
    """A gap is kept: MLflow stores NaN as such."""
    value = math.nan if point.value is None else point.value
    return Metric(mlflow_text.metric_key(point), value, _milliseconds(point.time), point.step)


def _milliseconds(time: float) -> int:
    return int(time * 1000)
