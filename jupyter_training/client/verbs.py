"""What can be wished of jobs that are there, as methods of the client: stop, pause, go on, descend, put away."""

from __future__ import annotations

import os
import re
import shlex
import uuid
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from jupyter_training.errors import UnknownJob, from_problem

if TYPE_CHECKING:
    from jupyter_training.client.connection import Connection

__all__ = ["Verbs", "granted", "lacking_values", "part", "who_takes_names"]

_ASKED_AT_ONCE = 5_000  # jobs in one request; a server takes 10,000
_REHEARSED_WITHIN = 240.0  # seconds: two runs of a minute, and what comes before and after
_COPIED_WITHIN = 600.0  # seconds that a large checkpoint may be checked, or removed from far away
_ID = re.compile("[a-z2-7]{10}")
_OF_SEARCH = (
    "metric", "searcher", "searcher_options", "workers", "max_trials", "max_time", "max_failures", "target", "stop",
    "resource", "max_resource", "seed", "space",
)  # fmt: skip
_IN_PYTHON = {"continue": "continue_from"}  # methods whose names are no verbs, as those are words of Python
_SWITCH = re.compile(r"--(discard|force)\b")  # in a hint; here it is an argument
_LACKING = "environment.pass_env"  # where a refusal names the variables whose values are gone


class Verbs:
    """A part of ``Client``. A verb on several jobs asks all of them; then the first refusal is raised."""

    _connection: Connection

    def act(self, verb: str, *jobs: str, discard: bool = False, force: bool = False) -> list[dict[str, Any]]:
        """Wish something of several jobs; one ``ItemResult`` each, in their order. A refusal is in its result.

        ``discard``: a pause need not wait for a checkpoint; ``force``: what has
        succeeded may be retried. A job that is retried gets the values of its
        ``pass_env`` from this process's environment once more.
        """
        results = self._ask(verb, jobs, discard=discard, force=force)
        lacking = {name for result in results for name in lacking_values(result)}
        if not lacking or not lacking <= os.environ.keys():
            return results
        secrets = {name: os.environ[name] for name in lacking}
        again = [result["id"] for result in results if lacking_values(result)]
        told = {
            result["id"]: result for result in self._ask(verb, again, discard=discard, force=force, secrets=secrets)
        }
        return [told.get(result["id"], result) for result in results]

    def cancel(self, *jobs: str) -> list[dict[str, Any]]:
        """Ask jobs to end: they may finish what they are doing."""
        return granted(self.act("cancel", *jobs), "cancel")

    def kill(self, *jobs: str) -> list[dict[str, Any]]:
        """End jobs at once."""
        return granted(self.act("kill", *jobs), "kill")

    def pause(self, *jobs: str, discard: bool = False) -> list[dict[str, Any]]:
        """Let jobs stop after their next checkpoint, until they are activated; ``discard``: at once, without one."""
        return granted(self.act("pause", *jobs, discard=discard), "pause")

    def activate(self, *jobs: str) -> list[dict[str, Any]]:
        """Let paused jobs go on, from their last checkpoint."""
        return granted(self.act("activate", *jobs), "activate")

    def retry(self, *jobs: str, force: bool = False) -> list[dict[str, Any]]:
        """Start failed or canceled jobs again, from their last checkpoint; ``force``: also what has succeeded."""
        return granted(self.act("retry", *jobs, force=force), "retry")

    def archive(self, *jobs: str) -> list[dict[str, Any]]:
        """Put ended jobs away: lists leave them out."""
        return granted(self.act("archive", *jobs), "archive")

    def unarchive(self, *jobs: str) -> list[dict[str, Any]]:
        """Take jobs out of the archive."""
        return granted(self.act("unarchive", *jobs), "unarchive")

    def delete(self, *jobs: str) -> list[dict[str, Any]]:
        """Remove ended jobs for good: checkpoints, outputs, logs. Gives them as they were.

        Their runs lie in MLflow's trash then.
        """
        return granted(self.act("delete", *jobs), "delete")

    def fork(
        self,
        job: str,
        *,
        params: Mapping[str, object] | None = None,
        name: str | None = None,
        config: Mapping[str, str] | None = None,
        pool: str | None = None,
        backend: str | None = None,
        options: Mapping[str, object] | None = None,
        priority: int | str | None = None,
        weight: float | str | None = None,
        origin: Mapping[str, str | None] | None = None,
        key: str | None = None,
    ) -> dict[str, Any]:
        """A new job with another one's code and config, edited; it begins at the beginning (``SubmitResult``).

        ``params`` replace the old job's of the same name, and so do ``options`` where it stays at its backend;
        ``config`` is a config text: ``{"text": ..., "name": ...}``.

        Raises:
            InvalidSpec: as a submit; positions are those of the config text.
        """
        edited: dict[str, object] = {"params": params, "name": name, "config": config, "pool": pool}
        edited |= {"priority": priority, "weight": weight, "backend": backend, "options": options}
        return self._descend("fork", job, key=key, origin=origin, **edited)

    def continue_from(
        self,
        job: str,
        *,
        checkpoint: str | int | None = None,
        params: Mapping[str, object] | None = None,
        name: str | None = None,
        config: Mapping[str, str] | None = None,
        pool: str | None = None,
        backend: str | None = None,
        options: Mapping[str, object] | None = None,
        priority: int | str | None = None,
        weight: float | str | None = None,
        origin: Mapping[str, str | None] | None = None,
        key: str | None = None,
    ) -> dict[str, Any]:
        """The same, and it begins with a checkpoint of the old job: by its name, its step, or the newest.

        Raises:
            NoCheckpoint: there is none, or that one was removed or is damaged.
        """
        edited: dict[str, object] = {"params": params, "name": name, "config": config, "pool": pool}
        edited |= {"priority": priority, "weight": weight, "backend": backend, "options": options}
        return self._descend("continue", job, key=key, origin=origin, checkpoint=checkpoint, **edited)

    def resume(self, job: str, *, params: Mapping[str, object] | None = None, key: str | None = None) -> dict[str, Any]:
        """Extend a job that has ended or is paused, from its newest checkpoint (``SubmitResult``).

        ``checkpoint.steps(n)`` in its code then means ``n`` more; ``params`` replace its own. Repeated with the
        same ``key`` it changes nothing.

        Raises:
            IllegalVerb: it is active.
            NoCheckpoint: there is nothing to go on from.
        """
        body = {
            "key": key or uuid.uuid4().hex,
            "params": dict(params or {}),
            "secrets": self._secrets_of(job, "resume"),
        }
        return self._of(job, "/resume", method="POST", body=body)

    def checkpoints(self, job: str) -> dict[str, Any]:
        """The job's checkpoints, newest first, with the policy for them (``CheckpointList``)."""
        return self._of(job, "/checkpoints")

    def retention(
        self,
        job: str,
        keep: Mapping[str, int],
        *,
        metric: str | None = None,
        mode: str | None = None,
        apply: bool = False,
    ) -> dict[str, Any]:
        """What another policy would let go of (``RetentionView``); with ``apply`` it does.

        ``keep`` has any of ``experiment_best`` (of the job alone where it belongs to no experiment),
        ``trial_best``, ``trial_latest``. ``metric`` None: it stays; "": there is none any more.
        """
        body: dict[str, Any] = {"keep": dict(keep), "mode": mode, "apply": apply}
        if metric is not None:
            body["metric"] = metric or None
        return self._of(job, "/retention", method="POST", body=body, timeout=_COPIED_WITHIN)

    def rehearse(self, request: Mapping[str, object]) -> dict[str, Any]:
        """Try a wish's code for one step, and whether it goes on from its checkpoint (``RehearsalView``).

        Of a search one configuration is tried. Nothing is stored. Takes as long as the code does, two minutes at most.
        """
        body = self._of_one_configuration(request)
        return self._connection.record("POST", "rehearsals", body=body, timeout=_REHEARSED_WITHIN)

    def _of_one_configuration(self, request: Mapping[str, object]) -> dict[str, Any]:
        """The request with the first sample of its space in place of what is to be searched."""
        body = dict(request)
        given: dict[str, Any] = dict(body.get("params") or {})  # type: ignore[call-overload]
        space: dict[str, Any] = dict(body.get("space") or {})  # type: ignore[call-overload]
        if not any(body.get(key) for key in _OF_SEARCH):
            return body
        fixed = {name: {"type": "const", "val": given[name]} for name in body.get("verbatim") or ()}  # type: ignore[attr-defined]
        asked = {"space": {**given, **fixed, **space}, "samples": 1, "seed": 0}
        found = self._connection.record("POST", "spaces", body=asked)
        (sample,) = found["samples"]
        for key in (*_OF_SEARCH, "mode"):
            body.pop(key, None)
        params = {**found["constants"], **sample}
        return {**body, "params": params, "verbatim": list(params)}

    def _ask(self, verb: str, jobs: Iterable[str], **more: object) -> list[dict[str, Any]]:
        asked = list(jobs)
        wish = {name: value for name, value in more.items() if value}
        results: list[dict[str, Any]] = []
        for start in range(0, max(1, len(asked)), _ASKED_AT_ONCE):
            body = {"verb": verb, "jobs": asked[start : start + _ASKED_AT_ONCE], **wish}
            results += self._connection.record("POST", "verbs", body=body)["results"]
        return results

    def _descend(
        self, how: str, job: str, *, key: str | None, origin: Mapping[str, str | None] | None, **edited: Any
    ) -> dict[str, Any]:
        body = {name: value for name, value in edited.items() if value is not None}
        body["key"] = key or uuid.uuid4().hex
        body["origin"] = dict(origin) if origin is not None else {"client": "python"}
        body["secrets"] = self._secrets_of(job, how)
        if "config" in body:
            body["config"] = dict(body["config"])
        return self._of(job, f"/{how}", method="POST", body=body, timeout=_COPIED_WITHIN)

    def _secrets_of(self, job: str, verb: str) -> dict[str, str]:
        """The values of the job's ``pass_env``, as far as they are set here; the store no longer has them."""
        view = self._of(job, verb=verb)
        names = view["spec"]["environment"]["pass_env"]
        return {name: os.environ[name] for name in names if name in os.environ}

    def _of(
        self, job: str, rest: str = "", *, method: str = "GET", verb: str | None = None, **how: Any
    ) -> dict[str, Any]:
        """What there is of a job by its id. What is no id may be meant as a name: the refusal says who takes one."""
        try:
            return self._connection.record(method, f"jobs/{part(job)}{rest}", **how)
        except UnknownJob as error:
            raise who_takes_names(error, job, verb) from None


def granted(results: list[dict[str, Any]], verb: str) -> list[dict[str, Any]]:
    """The jobs of verb results, or the first refusal as its error."""
    for result in results:
        if not result["ok"]:
            error = from_problem(result["problem"])
            error.hint = _SWITCH.sub(r"\1=True", error.hint) if error.hint else None
            raise who_takes_names(error, result["id"], verb) if isinstance(error, UnknownJob) else error
    return [result["job"] for result in results]


def who_takes_names(error: UnknownJob, job: str, verb: str | None = None) -> UnknownJob:
    """The refusal of what is no id, with what to type instead to name the job; of an id as it is."""
    if _ID.fullmatch(str(job)):
        return error
    if verb is None:
        hint = f"This takes ids. find({job!r}) takes names, too; handle({job!r}) gives the job's handle."
    else:
        line = f"{verb} {shlex.quote(str(job))}"
        method = _IN_PYTHON.get(verb, verb)
        hint = (
            "This takes ids. By its name, or the start of its id:"
            f" handle({job!r}).{method}(), `%train {line}` or `jupyter training {line}`."
        )
    return UnknownJob(error.detail, hint=hint, errors=error.errors)


def part(text: str) -> str:
    """One part of a path: what a person gives as an id can't reach beyond its place."""
    found = quote(str(text), safe="")
    if not found.strip("."):
        raise UnknownJob(f"{text!r} is not an id.")
    return found


def lacking_values(result: Mapping[str, Any]) -> list[str]:
    """The variables whose values a refused retry needs."""
    errors = (result.get("problem") or {}).get("errors") or ()
    return [error["detail"] for error in errors if error.get("key") == _LACKING]
