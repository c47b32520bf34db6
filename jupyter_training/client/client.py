"""Everything that can be asked of a store, as methods. Answers are plain dicts in the shapes of ``schema.py``."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, Self, TypeVar

from jupyter_training.client import context as contexts
from jupyter_training.client import submission, waiting
from jupyter_training.client.connection import Connection
from jupyter_training.client.experiment_handle import ExperimentHandle
from jupyter_training.client.experiment_waiting import is_driver
from jupyter_training.client.experiments import Experiments
from jupyter_training.client.handle import Handle
from jupyter_training.client.queue import Queue, named
from jupyter_training.client.transport import Transport
from jupyter_training.client.verbs import Verbs, part
from jupyter_training.errors import NotFound
from jupyter_training.settings import Settings

__all__ = ["Client"]

T = TypeVar("T")


class Data(Protocol):
    """A value that goes along with a job, in a file."""

    @property
    def sha256(self) -> str: ...
    @property
    def size(self) -> int: ...
    @property
    def path(self) -> Path: ...


class Client(Verbs, Queue, Experiments):
    """Speaks to one store. Thread-safe; the server is looked for at the first request.

    Without arguments the server is found as ``discover`` describes, and one is
    started where there is none. ``store`` is the id that it must have.
    """

    def __init__(
        self,
        url: str | None = None,
        token: str | None = None,
        socket: str | None = None,
        *,
        store: str | None = None,
        settings: Settings | None = None,
        transport: Transport | None = None,
    ) -> None:
        self.settings = settings or Settings.load()
        where = {"url": url, "token": token, "socket": socket}
        self._connection = Connection(self.settings, given=transport, where=where, store=store)

    def __repr__(self) -> str:
        return f"Client({self._connection!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of connections; a later request opens new ones."""
        self._connection.close()

    @property
    def place(self) -> str:
        """What errors call the other side."""
        return self._connection.transport.place

    @property
    def is_own_server(self) -> bool:
        """Whether the Jupyter server that started this kernel is the other side."""
        return self._connection.is_own_server

    @property
    def transport(self) -> Transport:
        """The transport in use; looks for the server when none was needed before."""
        return self._connection.transport

    def info(self) -> dict[str, Any]:
        """Which store answers (``InfoView``)."""
        return self._connection.record("GET", "info")

    def submit(
        self,
        what: str | os.PathLike[str] | Callable[..., Any],
        /,
        *args: object,
        name: str | None = None,
        params: Mapping[str, object] | None = None,
        pool: str | None = None,
        backend: str | None = None,
        options: Mapping[str, object] | None = None,
        priority: int | None = None,
        weight: float | None = None,
        after: object = (),
        preemptible: str | None = None,
        slots: int | None = None,
        gpus: int | None = None,
        cpus: float | None = None,
        memory: int | str | None = None,
        max_slots: int | None = None,
        timeout: float | str | None = None,
        grace: float | str | None = None,
        metrics: str | Mapping[str, str] | None = None,
        tags: Mapping[str, str] | None = None,
        env: Mapping[str, str] | None = None,
        pass_env: str | Iterable[str] = (),
        environment: str | None = None,
        python: str | None = None,
        folder: str | os.PathLike[str] | None = None,
        context: str | os.PathLike[str] | None = None,
        retries: int | Mapping[str, object] | None = None,
        checkpoints: str | Mapping[str, object] | None = None,
        pause_within: float | str | None = None,
        hang: float | str | Mapping[str, object] | None = None,
        metric: str | Sequence[str] | None = None,
        mode: str | Sequence[str] | None = None,
        searcher: str | None = None,
        searcher_options: Mapping[str, object] | None = None,
        workers: int | None = None,
        max_trials: int | None = None,
        max_time: float | str | None = None,
        max_failures: int | None = None,
        target: float | None = None,
        stop: Mapping[str, object] | None = None,
        resource: str | None = None,
        max_resource: int | None = None,
        seed: int | None = None,
        space: Mapping[str, object] | None = None,
        updater: str | None = None,
        launcher: str | None = None,
        config: Mapping[str, str] | None = None,
        if_exists: str | None = None,
        once: bool = False,
        resume: bool = False,
        key: str | None = None,
        origin: Mapping[str, str | None] | None = None,
        wait: bool = False,
        **parameters: object,
    ) -> Handle | ExperimentHandle:
        """Submit a script (its path) or a function; what is not an option here is a parameter of the code.

        A script gets ``args`` as they are and parameters as ``--lr 0.1``; a
        function gets both as its arguments. Parameters whose names are options
        go into ``params``. The answer comes once the job is stored; with
        ``wait`` once it has ended. ``key`` makes a repeated submit give the
        first job. ``context`` is a folder that goes along, without what its
        ``.trainignore`` leaves out, and that the job works in.
        ``config`` is a config text: ``{"text": ..., "name": ...}``.
        ``if_exists``: what an equal job that is still active means ("new",
        "reuse", "error"); with ``once`` one that has succeeded is taken too.
        With ``resume`` the newest job of that name goes on from its last checkpoint.
        ``retries``: how often it is started again by itself, or ``{"max": 5, "on": ["lost"]}``.
        ``checkpoints``: a URL to keep them under, or ``{"to": ..., "keep": {"trial_latest": 3}}``.
        ``hang``: warn after so long without a sign of life, or ``{"after": "30m", "stop": True}``.
        ``after``: jobs (ids, names or handles) that must have succeeded before this one starts.
        ``backend`` and its ``options``: where a service runs it (``backend="sagemaker", options={"instance": ...}``).
        ``preemptible``: whether it makes room for others ("auto": once it has a checkpoint, "restart", "never").

        With ``metric`` and ``mode`` a parameter may be a range of values (``lr=loguniform(1e-4, 1e-1)``, or the same
        as a text): then it is a search, whose trials are jobs, and the answer an ``ExperimentHandle``. ``metric``
        to ``updater`` are its options; without a metric they are parameters of the code like others.

        Raises:
            InvalidSpec: the code is not Python, imports what its interpreter lacks, or an option breaks a rule.
            TooLarge: the code or the context is over its limit.
            JobFailed: with ``wait``, when the job did not succeed.
        """
        if context is None and config is not None and "context" in config["text"]:
            context = self.config(config["text"], name=config.get("name", "config"))["values"].get("context")
        packed = self.pack(context) if context is not None else None
        searched: dict[str, Any] = {"metric": metric, "mode": mode, "searcher": searcher, "workers": workers}
        searched |= {"searcher_options": searcher_options, "max_trials": max_trials, "max_time": max_time}
        searched |= {"max_failures": max_failures, "target": target, "stop": stop, "resource": resource}
        searched |= {"max_resource": max_resource, "seed": seed, "space": space, "updater": updater}
        searched, others = submission.of_search(what, searched, config=config)
        wish = submission.request(
            what,
            args,
            {**(params or {}), **parameters, **others},
            limit=self.settings.bundle_limit_bytes,
            name=name,
            pool=pool,
            backend=backend,
            options=options,
            priority=priority,
            weight=weight,
            after=named(after) or None,
            preemptible=preemptible,
            slots=slots,
            gpus=gpus,
            cpus=cpus,
            memory=memory,
            max_slots=max_slots,
            timeout=timeout,
            grace=grace,
            metrics=metrics,
            tags=tags,
            env=env,
            pass_env=pass_env,
            environment=environment,
            python=python,
            folder=folder,
            context=packed,
            launcher=launcher,
            config=config,
            if_exists=if_exists,
            once=once or None,
            resume=resume or None,
            retries=retries,
            checkpoints=checkpoints,
            pause_within=pause_within,
            hang=hang,
            key=key,
            origin=origin,
            **searched,
        )
        if packed is not None:
            self.put_data(packed)
        handle = self.handle_of(self.submit_request(wish))
        return handle.wait(check=True) if wait else handle

    def submit_request(self, request: Mapping[str, object]) -> dict[str, Any]:
        """Send a wish in the wire's shape (``SubmitRequest``); gives ``SubmitResult``.

        Safe to repeat: the request's ``key`` names the wish.
        """
        return self._connection.record("POST", "jobs", body=dict(request))

    def plan(self, request: Mapping[str, object]) -> dict[str, Any]:
        """What a submit of the request would store (``PlanView``); nothing is, and no value need have been sent."""
        return self._connection.record("POST", "plans", body=dict(request))

    def config(self, text: str, *, name: str = "config") -> dict[str, Any]:
        """A config text as the server understands it (``ConfigView``); ``name`` is what errors call it.

        Raises:
            InvalidSpec: with line and column in the text, and the near miss of a key.
        """
        return self._connection.record("POST", "configs", body={"text": text, "name": name})

    def cell(self, job: str) -> str:
        """The text of the cell that does again what the job did."""
        return str(self._of(job, "/cell")["text"])

    def pack(
        self, folder: str | os.PathLike[str], *, without: Iterable[str | os.PathLike[str]] = ()
    ) -> contexts.Packed:
        """A folder as the context of a job: packed, and not sent yet.

        ``without`` are paths that stay, beside the home of trainings and what its ignore files leave out.

        Raises:
            InvalidSpec, TooLarge: it can't go along as it is.
        """

        def rules(text: str) -> list[dict[str, Any]]:
            found: list[dict[str, Any]] = self._connection.record("POST", "ignore-rules", body={"text": text})["rules"]
            return found

        return contexts.pack(
            folder, rules, limit=self.settings.context_limit_bytes, without=[self.settings.home, *without]
        )

    def put_data(self, taken: Data) -> bool:
        """Send a value that a later submit names, unless it is there already; whether it had to be sent.

        Its content is known by its hash, so that sending it twice is sending it once.
        """
        path = f"data/{taken.sha256}"
        try:
            self._connection.record("GET", path)
        except NotFound:
            # As long as a disk may take that is no faster than 5 MB/s.
            self._connection.record("PUT", path, body=taken.path, timeout=60 + taken.size / 5e6)
            return True
        return False

    def handle_of(self, result: Mapping[str, Any]) -> Handle | ExperimentHandle:
        """What a submit's answer (``SubmitResult``) is about."""
        if result.get("experiment") is not None:
            return ExperimentHandle(self, result["experiment"])
        return Handle(self, result["job"])

    def handle(self, text: str, *, notebook: str | None = None) -> Handle | ExperimentHandle:
        """The job that an id, a unique prefix, a name or ``last`` means, as a ``Handle``.

        Of the name or id of a search it is an ``ExperimentHandle``.
        """
        job = self.find(text, notebook=notebook)
        return ExperimentHandle(self, self.experiment(job["id"])) if is_driver(job) else Handle(self, job)

    def job(self, job: str, *, after: int | None = None, wait: float | None = None) -> dict[str, Any]:
        """One job (``JobView``). With ``wait`` (seconds) once its version is above ``after`` or it has ended."""
        timeout = wait + 30 if wait else None
        return self._of(job, query={"after": after, "wait": wait}, timeout=timeout)

    def jobs(
        self,
        *,
        state: str | Sequence[str] | None = None,
        name: str | None = None,
        text: str | None = None,
        user: str | None = None,
        notebook: str | None = None,
        pool: str | None = None,
        archived: bool | None = None,
        filter: str | None = None,
        sort: str | None = None,
        after: str | None = None,
        limit: int | None = None,
    ) -> dict[str, Any]:
        """One page of jobs, newest first (``JobPage``); ``after`` is the ``next`` of the page before.

        ``filter`` is a text like ``state:failed tag:x val_accuracy>0.9``; ``sort``
        "queue" gives what waits, in the order in which it starts.
        """
        states = [state] if isinstance(state, str) else list(state or ())
        query: dict[str, object] = {"state": states, "name": name, "text": text, "user": user, "filter": filter}
        query.update(
            {"notebook": notebook, "pool": pool, "sort": sort, "after": after, "limit": limit, "archived": archived}
        )
        return self._connection.record("GET", "jobs", query=query)

    def find(self, text: str, *, notebook: str | None = None) -> dict[str, Any]:
        """The job that an id, a unique prefix, a name or ``last`` means (``JobView``)."""
        return self._connection.record("GET", "jobs-find", query={"text": text, "notebook": notebook})

    def metrics(self, job: str, *names: str, points: int | None = None, machine: bool | None = None) -> dict[str, Any]:
        """The job's curves (``MetricsView``), at most ``points`` of each; ``machine`` adds CPU, memory, GPU."""
        query = {"name": names, "points": points, "machine": machine}
        return self._of(job, "/metrics", query=query)

    def logs(
        self,
        job: str,
        *,
        offset: int | None = None,
        limit: int | None = None,
        tail: int | None = None,
        attempt: int | None = None,
    ) -> dict[str, Any]:
        """A piece of an attempt's log (``LogChunk``); ``tail`` counts bytes from the end."""
        query = {"offset": offset, "limit": limit, "tail": tail, "attempt": attempt}
        return self._of(job, "/logs", query=query)

    def follow(self, job: str, *, tail: int | None = None) -> Iterator[str]:
        """The log as it grows, until the job has ended. ``tail``: begin so many bytes before what is there now."""
        return waiting.follow(self, job, tail=tail)

    def wait(
        self,
        job: str,
        *,
        timeout: float | None = None,
        check: bool = False,
        on_change: Callable[[dict[str, Any]], object] | None = None,
    ) -> dict[str, Any]:
        """Wait until the job has ended; gives its last ``JobView``.

        ``on_change`` is called with each new view. An interrupt detaches: the job
        goes on, and the KeyboardInterrupt says so.

        Raises:
            TimeoutError: it had not ended after ``timeout`` seconds.
            JobFailed: with ``check``, when it did not succeed; with the end of its log.
        """
        return waiting.wait(self, job, timeout=timeout, check=check, on_change=on_change)

    def artifacts(self, job: str) -> list[dict[str, Any]]:
        """The files that the job kept (each an ``ArtifactView``)."""
        found: list[dict[str, Any]] = self._of(job, "/artifacts")["artifacts"]
        return found

    def artifact(self, job: str, artifact: str) -> bytes:
        """The content of one kept file, by its id."""
        return self._connection.request("GET", f"jobs/{part(job)}/artifacts/{part(artifact)}", timeout=600).content

    def patiently(self, ask: Callable[[], T], *, patience: float = 120.0, deadline: float | None = None) -> T:
        """What ``ask`` gives, asked again for up to ``patience`` seconds while nobody can answer.

        And no longer than to ``deadline``, a time of the monotonic clock.
        """
        return waiting.patiently(ask, patience=patience, deadline=deadline)
