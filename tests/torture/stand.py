"""A home in which a story is played: armed dispatchers, the jobs, the wishes, and an eye on the change log."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jupyter_training.core.changes import Change
from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Job
from jupyter_training.core.lifecycle import TERMINAL, AttemptState, JobState
from jupyter_training.dispatch.loop import LEASE_TTL
from jupyter_training.errors import Refused, Unavailable
from jupyter_training.schema import ContinueRequest, ResumeRequest, SubmitRequest, VerbRequest
from jupyter_training.services import descend, resuming
from jupyter_training.services import jobs as verbs
from jupyter_training.services.site import Site
from jupyter_training.services.submit import submit
from jupyter_training.settings import Settings
from jupyter_training.store import checkpoints, lease, record, removals, views
from tests.torture import faults
from tests.torture.plan import CAPACITY, Part, Story
from tests.torture.processes import eventually, kill, of_home

__all__ = ["Played", "Stand", "play", "template"]

ARMED = Path(__file__).with_name("armed.py")
TRAINING = Path(__file__).with_name("training.py")
SETTINGS = f"local_slots = {CAPACITY}\ndispatcher_idle_exit = 600\nmirror_idle_exit = 600\n"
WITHIN = 280.0  # seconds of a whole story
LINGER = 8.0  # for steps that an idle dispatcher comes to
_SECOND = "second.lock"
_MAY_GO_ON = (JobState.FAILED, JobState.CANCELED)  # one that was quicker than its cancel has succeeded, and stays so


@dataclass
class Played:
    """What is left of a story for the checks."""

    story: Story
    site: Site
    folder: Path
    ids: dict[str, JobId]
    accepted: dict[str, list[str]] = field(default_factory=dict)  # the wishes that were taken, by the job's name
    lines_before: dict[str, int] = field(default_factory=dict)  # what its code had written at the last wish
    log: list[Change] = field(default_factory=list)  # as it was read while it was written
    overbooked: list[str] = field(default_factory=list)
    fired: dict[int, int] = field(default_factory=dict)
    bases: dict[str, int] = field(default_factory=dict)  # the step that a resumed or continued job counts from
    inherited: dict[str, int] = field(default_factory=dict)  # the step of the checkpoint that an heir began with
    places: dict[str, list[str]] = field(default_factory=dict)  # URLs of what a deleted job had

    @property
    def parts(self) -> list[Part]:
        """Those that there are; an heir is none where nothing was left to it."""
        return [part for part in self.story.parts if part.name in self.ids]

    def is_deleted(self, name: str) -> bool:
        return "delete" in self.accepted.get(name, ())

    def saved_last(self, name: str) -> set[int]:
        """The steps of which the newest checkpoint may be: a last one may not have been told of."""
        saved = saving = self.bases.get(name, 0)
        for _, what, *rest in self.witness(name):
            if what == "saving":
                saving = int(rest[0])
            elif what in ("saved", "from"):
                saved = saving = int(rest[0])
        return {saved, saving}

    def next_wish(self, part: Part) -> str | None:
        taken = len(self.accepted.get(part.name, ()))
        return part.wishes[taken] if taken < len(part.wishes) else None

    def happened(self, name: str, room: str) -> list[str]:
        """The steps of a room at which something happened to a job."""
        of_job = [(number, one) for number, one in enumerate(self.story.faults) if (one.job, one.room) == (name, room)]
        return [one.step for number, one in of_job if number in self.fired and one.act == faults.KILL]

    def witness(self, name: str) -> list[list[str]]:
        """What the job's code wrote, each line as words: the attempt, what, and more."""
        try:
            text = (self.folder / f"{name}.witness").read_text("utf-8")
        except FileNotFoundError:
            return []
        return [line.split() for line in text.splitlines()]


class Filler:
    """Fills a disk to the last byte and gives it free again, as a story wants it."""

    def __init__(self, disk: Path, spans: tuple[tuple[float, float], ...]) -> None:
        self._ballast = disk / "ballast"
        self._spans = spans
        self._began: float | None = None

    def keep(self, *, has_begun: bool) -> None:
        if self._began is None:
            self._began = time.monotonic() if has_begun else None
            return
        now = time.monotonic() - self._began
        if any(start <= now < stop for start, stop in self._spans):
            self._fill()
        else:
            self._ballast.unlink(missing_ok=True)

    def _fill(self) -> None:
        """Also what has become free since the last time."""
        with open(self._ballast, "ab", buffering=0) as ballast:
            for size in (65_536, 4_096, 1):
                with contextlib.suppress(OSError):
                    while ballast.write(bytes(size)) == size:
                        pass


class Stand:
    """One home and the processes in it. ``folder`` is of this story alone."""

    def __init__(self, folder: Path, story: Story, *, home: Path | None = None) -> None:
        self.home = home or folder / "home"
        self.faults = folder / "faults"
        self.faults.mkdir()
        self._story = story
        self._dispatchers: dict[str | None, subprocess.Popen[bytes]] = {}
        self._stopped: dict[int, float] = {}
        self._succeeded: dict[int, float] = {}  # since when another dispatcher has had the lease
        self._resumed: set[int] = set()
        self._out = os.open(folder / "out", os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        for number, fault in enumerate(story.faults):
            faults.put(str(self.faults), number, fault)

    def keep(self, site: Site) -> None:
        """See that a dispatcher acts, and that what was suspended goes on in time."""
        self._start(None)
        for number, pid in faults.fired(str(self.faults)).items():
            if self._story.faults[number].act == faults.STOP and number not in self._resumed:
                self._suspended(site, number, pid)

    def close(self) -> None:
        """End what is left of the home's own processes, and see that nothing stays."""
        for process in self._dispatchers.values():
            process.send_signal(signal.SIGCONT)
            process.terminate()
        for process in self._dispatchers.values():
            process.wait(30)
        for pid, words in of_home(self.home).items():
            if "armed.py mirror" in words:
                os.kill(pid, signal.SIGTERM)
        os.close(self._out)
        eventually(
            lambda: not of_home(self.home), within=30, what=f"no process of {self.home} left: {of_home(self.home)}"
        )

    def abandon(self) -> None:
        """End everything of a story that has failed."""
        for process in self._dispatchers.values():
            process.kill()
            process.wait()
        for pid in of_home(self.home):
            kill(pid)

    def _start(self, lock: str | None) -> None:
        known = self._dispatchers.get(lock)
        if known is not None and known.poll() is None:
            return
        words = [sys.executable, str(ARMED), "dispatcher", str(self.faults), str(self.home), *([lock] if lock else [])]
        environment = {**os.environ, "TORTURE_TERM": str(self._story.term), "JUPYTER_TRAINING_HOME": str(self.home)}
        self._dispatchers[lock] = subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=self._out, stderr=self._out, env=environment, start_new_session=True
        )

    def _suspended(self, site: Site, number: int, pid: int) -> None:
        """Let a suspended process sleep for longer than the lease, and a dispatcher until another one has acted."""
        now = time.monotonic()
        since = self._stopped.setdefault(number, now)
        first = self._dispatchers[None]
        over = now - since > (self._story.term or LEASE_TTL) + 1.0
        if pid == first.pid and first.poll() is None:
            self._start(_SECOND)
            held = lease.current(site.store)
            if held is not None and held.holder.pid == self._dispatchers[_SECOND].pid:
                self._succeeded.setdefault(number, now)
            over = over and now - self._succeeded.get(number, now) > 1.0
        if over:
            os.kill(pid, signal.SIGCONT)
            self._resumed.add(number)


@contextmanager
def template(folder: Path) -> Iterator[Path]:
    """A home with nothing in it but an MLflow database, which takes seconds to make."""
    import mlflow

    home = folder / "template"
    home.mkdir(parents=True)
    mlflow.MlflowClient(Settings(home=home).mlflow_uri).search_experiments(max_results=1)
    yield home


@contextmanager
def play(folder: Path, story: Story, *, empty: Path) -> Iterator[Played]:
    """Play a story to its end in a copy of an empty home; what is yielded can be looked at before all is removed."""
    home = folder / "home"
    shutil.copytree(empty, home, dirs_exist_ok=True)
    settings = SETTINGS
    if story.fills:  # the disk is for ours, not for the record
        os.replace(shutil.copy(home / "mlflow.db", folder / "record.db"), folder / "mlflow.db")
        (home / "mlflow.db").unlink()
        settings += f'tracking_uri = "sqlite:///{folder / "mlflow.db"}"\n'
    (home / "settings.toml").write_text(settings, "utf-8")
    stand = Stand(folder, story)
    filler = Filler(home, story.fills)
    try:
        with Site.open(Settings.load(home)) as site:
            site.ensure_dispatcher = lambda: None  # type: ignore[method-assign]
            first = [part for part in story.parts if not part.heir_of]
            played = Played(story, site, folder, {part.name: _submit(site, folder, part) for part in first})
            deadline = time.monotonic() + WITHIN
            over = None
            while over is None or (story.all_happen and faults.waiting(str(stand.faults)) and time.monotonic() < over):
                filler.keep(has_begun=any(map(played.witness, played.ids)))
                stand.keep(site)
                with contextlib.suppress(*((Unavailable,) if story.fills else ())):
                    _look(played)
                    _wish(played)
                if time.monotonic() > deadline:
                    waits = [*_unfinished(played), *_left(played)]
                    raise AssertionError(f"{story.name}: not over within {WITHIN:g} s: {waits}")
                time.sleep(0.05)
                if over is None and _is_over(played):
                    over = time.monotonic() + LINGER
            played.fired = faults.fired(str(stand.faults))
            yield played
            stand.close()
    except BaseException:
        stand.abandon()
        raise


def _submit(site: Site, folder: Path, part: Part) -> JobId:
    request = {
        "key": f"torture-{part.name}",
        "name": part.name,
        "entry": {"kind": "cell", "path": "training.py"},
        "files": [{"path": "training.py", "text": TRAINING.read_text("utf-8")}],
        "resources": {"slots": part.slots},
        "timeout": part.timeout,
        "grace": 1.0,
        "retries": {"max": part.retries, "on": ["error", "lost", "preempted"]} if part.retries else None,
        "pause_within": 10.0,
        "checkpoints": {"to": (folder / "far").as_uri()} if part.far else None,
        "params": {"folder": str(folder), "capacity": CAPACITY, **_own(part)},
    }
    return JobId(submit(site, SubmitRequest.model_validate(request), user="ada").job.id)


def _own(part: Part) -> dict[str, Any]:
    """What the code of a part is told."""
    names = ("name", "steps", "pause", "exit_code", "slots", "hiding", "listening", "saves", "crash")
    return {name: getattr(part, name) for name in names}


def _wish(played: Played) -> None:
    """Wish what is next of each job. What is refused, as there is no checkpoint yet, is wished again."""
    for part in _heirs(played):
        _continue(played, part)
    for part in played.parts:
        verb = played.next_wish(part)
        if verb is None or not _is_time(played, part, verb):
            continue
        if _accepted(played, part, verb):
            played.accepted.setdefault(part.name, []).append(verb)
            played.lines_before[part.name] = len(played.witness(part.name))


def _accepted(played: Played, part: Part, verb: str) -> bool:
    job = played.ids[part.name]
    if verb == "resume":
        number = len(played.accepted.get(part.name, ()))
        try:
            resumed = resuming.resume(played.site, job, ResumeRequest(key=f"resume-{part.name}-{number}"))
        except Refused:
            return False
        _note_base(played, part.name, part.name, resumed.job.id)
        return True
    rows = checkpoints.of_jobs(played.site.store, [job]).get(job, ()) if verb == "delete" else ()
    discard = verb == "discard"
    wish = {"verb": "pause" if discard else verb, "jobs": [job], "discard": discard}
    (result,) = verbs.act(played.site, VerbRequest.model_validate(wish)).results
    if result.ok and verb == "delete":
        played.places[part.name] = [one.place for one in rows if one.place is not None]
    return result.ok


def _heirs(played: Played) -> list[Part]:
    """Those that are to come, whose ancestor has ended and has left something, or may yet."""
    waiting = [part for part in played.story.parts if part.heir_of and part.name not in played.ids]
    return [part for part in waiting if not _left_nothing(played, part.heir_of)]


def _left_nothing(played: Played, name: str) -> bool:
    if name not in played.ids or played.is_deleted(name):
        return True
    job = views.job(played.site.store, played.ids[name])
    return job.state in TERMINAL and job.checkpoint_step is None


def _continue(played: Played, part: Part) -> None:
    old = views.job(played.site.store, played.ids[part.heir_of])
    if old.state not in TERMINAL:
        return
    request = ContinueRequest(key=f"torture-{part.name}", name=part.name, params=_own(part))
    new = JobId(descend.continued(played.site, "ada", old.id, request).job.id)
    played.ids[part.name] = new
    _note_base(played, part.name, part.heir_of, new)
    played.inherited[part.name] = played.bases[part.name]


def _note_base(played: Played, name: str, of: str, job: str) -> None:
    """From where a job counts that was resumed just now, or continues another one."""
    base, expected = views.job(played.site.store, JobId(job)).base_step, played.saved_last(of)
    assert base in expected, f"{name} goes on from step {base}, and the newest checkpoint was of {expected}"
    played.bases[name] = base


def _is_time(played: Played, part: Part, verb: str) -> bool:
    if part.wish_after:
        happened = faults.fired(str(played.folder / "faults"))
        if part.wish_after not in [played.story.faults[number].step for number in happened]:
            return False
    job = views.job(played.site.store, played.ids[part.name])
    if verb in ("activate", "retry"):
        return job.state is JobState.PAUSED if verb == "activate" else job.state in _MAY_GO_ON
    if verb == "resume":
        return job.state is JobState.PAUSED or _may_be_resumed(job)
    if verb == "delete":
        return job.state in TERMINAL and part.name not in [heir.heir_of for heir in _heirs(played)]
    if job.state is JobState.PAUSED:
        return True  # it writes no more
    return len(played.witness(part.name)) - played.lines_before.get(part.name, 0) >= part.wish_at


def _may_be_resumed(job: Job) -> bool:
    return job.state in TERMINAL and job.checkpoint_step is not None


def _look(played: Played) -> None:
    """Follow the change log as a view does, and see that no more is given away than there is."""
    while True:
        after = played.log[-1].n if played.log else 0
        batch = views.changes(played.site.store, after, 500)
        assert not batch.resync, "the change log went back, or lost its beginning"
        played.log += batch.changes
        if not batch.changes:
            break
    held = [attempt for _, attempt in views.unfinished(played.site.store) if attempt is not None]
    used = sum(one.allocation.slots for one in held if one.state is not AttemptState.ENDED)
    if used > CAPACITY:
        played.overbooked.append(f"{used} of {CAPACITY} slots were given away: {held}")


def _is_over(played: Played) -> bool:
    return not _unfinished(played) and not record.pending(played.site.store, 1) and not _left(played)


def _left(played: Played) -> list[str]:
    """What is still to be removed: of deleted jobs, and of checkpoints that were let go of."""
    settings, store = played.site.settings, played.site.store
    found = [f"the removal of {one.job}" for one in removals.pending(store)]
    for part in played.parts:
        job = played.ids[part.name]
        roots = (settings.spool_root, settings.outputs, settings.checkpoints)
        if played.is_deleted(part.name):
            found += [str(root / job) for root in roots if (root / job).exists()]
        rows = checkpoints.of_jobs(store, [job]).get(job, ())
        gone = [one for one in rows if one.state == "deleted"]
        found += [str(path) for one in gone if (path := settings.checkpoints / job / one.name).exists()]
        places = [one.place for one in gone if one.place is not None] + played.places.get(part.name, [])
        used = checkpoints.in_use(store, places, but=job)
        found += [place for place in places if place not in used and Path(place.removeprefix("file://")).exists()]
    return found


def _unfinished(played: Played) -> list[Job | Part]:
    """The jobs that have not ended, or of which something will still be wished."""
    found: list[Job | Part] = [*_heirs(played)]
    for part in played.parts:
        if played.is_deleted(part.name):
            continue
        job = views.job(played.site.store, played.ids[part.name])
        verb = played.next_wish(part)
        will_go_on = (
            (verb == "retry" and job.state in _MAY_GO_ON)
            or (verb == "resume" and _may_be_resumed(job))
            or verb == "delete"
        )
        if job.state not in TERMINAL or will_go_on:
            found.append(job)
    return found
