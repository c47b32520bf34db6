"""``doctor --backend sagemaker --live``: ten small jobs in a real account, each of which proves one thing.

What AWS's documentation leaves open, and no double can know, is seen here: that a container begins as ours says, that a
stop reaches the code, how a failure is told, how far a log is behind. The jobs go through the same home and dispatcher
as any other, all at once; the quota says how many run together. They are removed afterwards, with what they left in S3.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jupyter_training.cli import asking, say
from jupyter_training.client.client import Client
from jupyter_training.client.handle import Handle
from jupyter_training.client.local import LocalTransport
from jupyter_training.errors import InvalidUsage, TrainingError, near_miss
from jupyter_training.kernel import service_words
from jupyter_training.settings import Settings

__all__ = ["PROOFS", "run"]

_INSTANCE = "ml.m5.large"
_MINUTES = 4.0  # of machines for each job, as a guess: a container's start is not billed, what it does takes less
_LIMIT = 15 * 60  # seconds of training that each job may have
_WAITS = 45 * 60.0  # seconds for a job to come and end
_LOOK = 2.0
_COLUMNS = (
    say.Column("proof"),
    say.Column("result", is_state=True),
    say.Column("proves", folds=True),
    say.Column("seen", folds=True),
)

_SAYS_WHO = """\
import os, sys
from jupyter_training import report
report(step=1, python=float(f"{sys.version_info[0]}.{sys.version_info[1]:02}"))
print("parent is the first process:", os.getppid() == 1 or open("/proc/1/cmdline").read().find("boot") >= 0, flush=True)
"""
_UNTIL_STOPPED = """\
import time
from jupyter_training import checkpoint, report, should_stop
for step in checkpoint.steps(3600):
    report(step=step, beat=step)
    print("beat", step, flush=True)
    time.sleep(1)
    if step < 2 or should_stop() or checkpoint.due():
        checkpoint.save({"step": step}, step=step)
    if should_stop():
        print("heard the stop", flush=True)
        break
"""
_FAILS = "raise ValueError('as it was meant to')\n"
_EXITS = "import sys\nprint('about to leave', flush=True)\nsys.exit(3)\n"
_CHATS = "import time\nfor beat in range(90):\n    print('beat', beat, flush=True)\n    time.sleep(1)\n"
_NEVER_ENDS = "import time\nwhile True:\n    print('still here', flush=True)\n    time.sleep(1)\n"
_MEETS = """\
import json, os, socket
hosts = json.loads(os.environ["SM_HOSTS"])
me = os.environ["SM_CURRENT_HOST"]
port = 7778
if me == hosts[0]:
    server = socket.create_server(("", port))
    server.settimeout(300)
    peer, _ = server.accept()
    print("met", peer.recv(100).decode(), flush=True)
else:
    import time
    for _ in range(150):
        try:
            peer = socket.create_connection((hosts[0], port), 5)
            break
        except OSError:
            time.sleep(2)
    peer.sendall(me.encode())
    peer.close()
"""


@dataclass(frozen=True)
class Proof:
    """One job and what is seen of it. ``judge`` gives what was seen, or raises Unproved with what was wrong."""

    name: str
    proves: str
    code: str
    judge: Callable[[Live, Handle], str]
    options: Mapping[str, object] = field(default_factory=dict)
    wish: Mapping[str, Any] = field(default_factory=dict)
    jobs: int = 1


class Unproved(Exception):
    """What was wrong; a sentence."""


def _sure(holds: object, otherwise: str) -> None:
    if not holds:
        raise Unproved(otherwise)


class Live:
    """One round in one home."""

    def __init__(self, settings: Settings, backend: str, options: Mapping[str, object], folder: Path) -> None:
        self.settings = settings
        self.client = Client(settings=settings, transport=LocalTransport(settings))
        self._backend = backend
        self._options = options
        self._folder = folder
        self.made: list[Handle] = []

    def submit(self, proof: Proof, name: str = "") -> Handle:
        script = self._folder / f"{proof.name}.py"
        script.write_text(proof.code)
        wish = {"timeout": _LIMIT, **proof.wish}
        options = {"instance": _INSTANCE, **self._options, **proof.options}
        handle = self.client.submit(
            script, name=f"live-{name or proof.name}", backend=self._backend, options=options, if_exists="new", **wish
        )
        assert isinstance(handle, Handle)  # and no search
        self.made.append(handle)
        return handle

    def until(self, handle: Handle, holds: Callable[[dict[str, Any]], object], what: str) -> dict[str, Any]:
        """The job as soon as this is true of it.

        Raises:
            Unproved: it never was; with its sentence.
        """
        end = time.monotonic() + _WAITS
        while not holds(view := handle.view):
            if view["ended"] is not None or time.monotonic() > end:
                raise Unproved(f"{what} was not seen: {view['sentence']}")
            time.sleep(_LOOK)
        return view

    def ended(self, handle: Handle) -> dict[str, Any]:
        return self.until(handle, lambda view: view["ended"] is not None, "its end")

    def beats(self, handle: Handle) -> None:
        """Wait until its code has reported."""
        self.until(handle, lambda view: view["metrics"], "a report of its code")

    def described(self, view: Mapping[str, Any]) -> dict[str, Any]:
        """What the service itself says of the newest attempt."""
        from jupyter_training.backends.sagemaker import clients

        options = (view["spec"] or {})["options"]
        found: dict[str, Any] = clients.of(options["region"], options.get("profile")).sagemaker.describe_training_job(
            TrainingJobName=view["service"]["name"]
        )
        return found


def _begins(live: Live, handle: Handle) -> str:
    listed = _listed_after(live, handle)
    view = live.ended(handle)
    _sure(view["state"] == "succeeded", view["sentence"])
    _sure("first process: True" in handle.logs(), "the first process is not ours")
    return f"python {view['metrics']['python']['last']:g}; in the list {listed:.0f} s after it was made"


def _listed_after(live: Live, handle: Handle) -> float:
    """Seconds from a job's creation, as the service has it, until a list shows it."""
    from jupyter_training.backends.sagemaker import clients

    view = live.until(handle, lambda one: one["attempts"] and one["service"]["name"], "its launch")
    options = view["spec"]["options"]
    end = time.monotonic() + 120
    while time.monotonic() < end:
        found = clients.of(options["region"], options.get("profile")).sagemaker.list_training_jobs(
            NameContains=view["service"]["name"], MaxResults=1
        )["TrainingJobSummaries"]
        if found:
            return max(0.0, time.time() - float(found[0]["CreationTime"].timestamp()))
        time.sleep(_LOOK)
    raise Unproved("no list has shown it within two minutes")


def _stops(live: Live, handle: Handle) -> str:
    live.beats(handle)
    asked = time.monotonic()
    handle.cancel()
    view = live.ended(handle)
    took = time.monotonic() - asked
    _sure("heard the stop" in handle.logs(), f"the code heard nothing of it: {view['sentence']}")
    _sure(view["checkpoint"] is not None, "no checkpoint came back")
    return f"ended {took:.0f} s after it was asked, with the checkpoint of step {view['checkpoint']['step']}"


def _fails(live: Live, handle: Handle) -> str:
    view = live.ended(handle)
    reason = str(live.described(view).get("FailureReason", ""))
    _sure(view["state"] == "failed", view["sentence"])
    _sure("as it was meant to" in view["sentence"], view["sentence"])
    _sure(reason.startswith("AlgorithmError"), f"FailureReason begins otherwise: {reason[:200]!r}")
    _sure("as it was meant to" in reason, f"FailureReason lacks the error's own words: {reason[:300]!r}")
    return f"FailureReason: {' '.join(reason.split())[:120]}"


def _exits(live: Live, handle: Handle) -> str:
    view = live.ended(handle)
    reason = str(live.described(view).get("FailureReason", ""))
    code = view["attempts"][-1]["exit_code"]
    _sure(code == 3, f"exit code {code}: {view['sentence']}")
    return f"FailureReason: {' '.join(reason.split())[:120]}"


def _lags(_: Live, handle: Handle) -> str:
    seen: list[float] = []
    end = time.monotonic() + _WAITS
    while (view := handle.view)["ended"] is None and time.monotonic() < end:
        if view["phase"] == "running" and view["service"]["log_lag"] is not None:
            seen.append(view["service"]["log_lag"])
        time.sleep(_LOOK)
    _sure(seen, f"no line was read while it ran: {view['sentence']}")
    _sure("beat 89" in handle.logs(), "the last line is missing")
    return f"from {min(seen):.0f} to {max(seen):.0f} s behind; the last line came"


def _pauses(live: Live, handle: Handle) -> str:
    live.until(handle, lambda view: view["checkpoint"] is not None, "its first checkpoint")
    handle.pause()
    view = live.until(handle, lambda one: one["state"] == "paused", "the pause")
    _sure(view["checkpoint"] is not None, "it is paused without a checkpoint")
    step = view["checkpoint"]["step"]
    handle.activate()
    view = live.until(
        handle, lambda one: len(one["attempts"]) > 1 and one["attempts"][-1]["start_step"] is not None, "its next start"
    )
    begun = view["attempts"][-1]["start_step"]
    handle.cancel()
    live.ended(handle)
    _sure(begun >= step, f"it went on from step {begun}, and had saved step {step}")
    return f"saved step {step}, went on from step {begun}"


def _limited(live: Live, handle: Handle) -> str:
    view = live.ended(handle)
    _sure(view["reason"] == "timeout", view["sentence"])
    return str(view["sentence"])


def _spots(live: Live, handle: Handle) -> str:
    live.beats(handle)
    handle.cancel()
    view = live.ended(handle)
    saving = view["service"]["saving"]
    _sure(saving is not None, "no saving is told")
    return f"{saving:.0%} saved; {service_words.line(view)}"


def _meets(live: Live, handle: Handle) -> str:
    view = live.ended(handle)
    _sure(view["state"] == "succeeded", view["sentence"])
    _sure("met algo-2" in handle.logs(), "the first host met nobody")
    return "algo-1 met algo-2"


def _stays_warm(live: Live, handle: Handle) -> str:
    first = live.ended(handle)
    second = live.ended(live.submit(PROOFS["warm"], "warm-again"))
    waits = [_start_up(one) for one in (first, second)]
    status = live.described(first).get("WarmPoolStatus", {}).get("Status", "none")
    _sure(status in ("Reused", "InUse", "Available"), f"the warm pool's status is {status}: is its quota 0?")
    return f"start-up {waits[0]:.0f} s, then {waits[1]:.0f} s; warm pool {status}"


def _start_up(view: Mapping[str, Any]) -> float:
    from datetime import datetime

    begun, asked = (datetime.fromisoformat(view[key]).timestamp() for key in ("started", "waiting_since"))
    return begun - asked


PROOFS: Mapping[str, Proof] = {
    one.name: one
    for one in (
        Proof("entry", "our entry point is an image's first process; a new job is soon in lists", _SAYS_WHO, _begins),
        Proof("stop", "a stop reaches the code as SIGTERM, and its checkpoint comes back", _UNTIL_STOPPED, _stops),
        Proof("error", "an error's own words are in FailureReason, its traceback here", _FAILS, _fails),
        Proof("exit", "a script's own exit code arrives", _EXITS, _exits),
        Proof("lag", "how far logs are behind, and that their end is never lost", _CHATS, _lags),
        Proof("pause", "a pause saves, and the next attempt goes on from there", _UNTIL_STOPPED, _pauses, jobs=2),
        Proof("limit", "a time limit ends a job, and is told as one", _NEVER_ENDS, _limited, wish={"timeout": 60}),
        Proof("spot", "spot capacity works, and its saving is told", _UNTIL_STOPPED, _spots, {"spot": True}),
        Proof("hosts", "two machines find each other by name", _MEETS, _meets, {"instances": 2}, jobs=2),
        Proof("warm", "machines are kept for the next job", _SAYS_WHO, _stays_warm, {"keep_alive": 300}, jobs=2),
    )
}


def run(
    settings: Settings,
    backend: str,
    options: Mapping[str, object],
    *,
    only: Sequence[str] | None,
    yes: bool,
    as_json: bool,
) -> int:
    """Run the proofs, say what was seen, and take everything away again; 0 where all hold, else 1.

    Raises:
        InvalidUsage: a proof that there is none of, or nobody who could agree to what it costs.
        Refused: the answer was no.
    """
    if backend != "sagemaker":
        raise InvalidUsage(f"There are no proofs for {backend!r}.", hint="They are for --backend sagemaker.")
    chosen = [_proof(name) for name in only or PROOFS]
    instance = str(options.get("instance") or _INSTANCE)
    cost = _cost(settings, {"instance": instance, **options}, chosen)
    would = f"{len(chosen)} jobs would run on {instance}: {cost}."
    print(would, file=sys.stderr)
    asking.agree("Run them?", yes=yes, would=would)
    with tempfile.TemporaryDirectory(prefix="live-") as folder:
        live = Live(settings, backend, options, Path(folder))
        with live.client:
            rows = _all(live, chosen)
    if as_json:
        say.as_json({"proofs": [dict(zip(("name", "result", "proves", "seen"), row, strict=True)) for row in rows]})
    else:
        say.table(_COLUMNS, rows, empty="")
    return 1 if any(row[1] != "ok" for row in rows) else 0


def _proof(name: str) -> Proof:
    if name not in PROOFS:
        close = near_miss(name, PROOFS)
        hint = f"Did you mean {close!r}?" if close else f"There is: {', '.join(PROOFS)}."
        raise InvalidUsage(f"There is no proof {name!r}.", hint=hint)
    return PROOFS[name]


def _all(live: Live, chosen: Sequence[Proof]) -> list[tuple[str, str, str, str]]:
    """Every proof with its result, all at the same time."""

    def one(proof: Proof) -> tuple[str, str, str, str]:
        try:
            seen = proof.judge(live, live.submit(proof))
        except (Unproved, TrainingError) as error:
            return proof.name, "fail", proof.proves, str(error)
        return proof.name, "ok", proof.proves, seen

    try:
        with concurrent.futures.ThreadPoolExecutor(len(chosen)) as pool:
            return list(pool.map(one, chosen))
    finally:
        _take_away(live, live.made)


def _take_away(live: Live, made: Sequence[Handle]) -> None:
    """End what still runs of these, and remove them here and in S3. Jobs of the person's may have such names, too."""
    print("Cleaning up ...", file=sys.stderr)
    for handle in made:
        with contextlib.suppress(TrainingError, Unproved):
            if handle.view["ended"] is None:
                handle.kill()
            whole = live.ended(handle)
            _empty(whole)
            live.client.delete(handle.id)


def _empty(view: Mapping[str, Any]) -> None:
    """Remove what a job left in its bucket; its code stays, as other jobs may have the same."""
    from jupyter_training.backends.sagemaker import clients, names
    from jupyter_training.core.ids import JobId

    options, bucket = view["spec"]["options"], view["spec"]["options"]["bucket"]
    s3 = clients.of(options["region"], options.get("profile")).s3
    root = str(options.get("prefix", "jupyter-training")).strip("/")
    places = [f"{root}/checkpoints/{view['id']}/", f"{root}/jobs/{view['id']}/"]
    places += [
        f"{root}/out/{names.job_name(view['name'], JobId(view['id']), one['number'])}/" for one in view["attempts"]
    ]
    for place in places:
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=place.lstrip("/")):
            keys = [{"Key": one["Key"]} for one in page.get("Contents", ())]
            if keys:
                s3.delete_objects(Bucket=bucket, Delete={"Objects": keys, "Quiet": True})


def _cost(settings: Settings, options: Mapping[str, Any], chosen: Sequence[Proof]) -> str:
    """What they cost at most, as a guess; where no price is known, for how long they run."""
    from jupyter_training.seams import registry

    kept_warm = 10 if PROOFS["warm"] in chosen else 0  # minutes
    hours = (sum(one.jobs for one in chosen) * _MINUTES + kept_warm) / 60
    price = registry.load("wishes", "sagemaker")(settings).price(dict(options))
    took = f"about {hours:.1f} hours of machines in all"
    return took if price is None else f"{took}, about {hours * price.amount:.2f} {price.currency}"
