"""What one attempt's events mean: points with their steps, progress, checkpoints, and where it began.

No disk and no store here. A point without a step gets the next number of its series. The numbers that
each such series had reached go along with a checkpoint, as its *marks*: an
attempt that goes on from there counts on from them.

A service may start the container of an attempt again. Then the attempt begins once
more, as a later one would: what it reports, or says that it was given, tells
where, and what it had done behind that is superseded.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from jupyter_training.core.ids import JobId
from jupyter_training.core.job import CheckpointPolicy, Instant
from jupyter_training.core.metric import Point, PointSource, Progress
from jupyter_training.core.retention import Checkpoint
from jupyter_training.languages.output_lines import Found
from jupyter_training.spool import checkpoints
from jupyter_training.store.supersede import COUNTED, STEPPED, TOLD, Certainty, Restart, Run
from jupyter_training.store.texts import clean, whole

__all__ = ["MACHINE", "Committed", "Damaged", "Given", "Piece", "Reading", "Restored", "Told"]

MACHINE = "machine/"
_NO_SIGN_OF_LIFE = frozenset({"m", "s", "cursor", "end", "exit"})  # not of the code


@dataclass(frozen=True)
class Committed:
    """A checkpoint is there, with the marks of the counted series."""

    checkpoint: Checkpoint
    marks: Mapping[str, int]


@dataclass(frozen=True)
class Given:
    """What the attempt was given to go on from; both None: nothing."""

    step: int | None
    name: str | None


@dataclass(frozen=True)
class Restored:
    """What the attempt goes on from is loaded, after so many seconds of finding, checking and reading."""

    seconds: float


@dataclass(frozen=True)
class Damaged:
    name: str


Told = Committed | Given | Restored | Damaged


@dataclass
class Piece:
    """What was found in one piece of one file."""

    points: list[Point] = field(default_factory=list)
    counted: set[str] = field(default_factory=set)
    progress: Progress | None = None
    shown: bool = False
    restart: Restart | None = None
    before: int = 0  # points that came before what told of the restart
    run: Run | None = None  # the attempt's container has started


@dataclass
class Reading:
    """Where one attempt's files have been read to, and what has to be known to read on.

    ``certainty``: from what is known where the attempt began, None: it is not known yet.
    ``marks_of`` gives the marks of a checkpoint that the store knows. ``runs``: the ids of the container's starts, in
    order; of each but the first it is known anew where it began.
    """

    job: JobId
    attempt: int
    policy: CheckpointPolicy
    marks_of: Callable[[str], Mapping[str, int]]
    offsets: dict[str, int] = field(default_factory=dict)
    next_step: dict[str, int] = field(default_factory=dict)
    reported: set[str] = field(default_factory=set)
    counted: set[str] = field(default_factory=set)
    certainty: Certainty | None = None
    told: list[Told] = field(default_factory=list)  # not yet in the store
    unsure: dict[str, int] = field(default_factory=dict)  # steps of checkpoints whose metric may still come, by name
    measured: dict[str, float] = field(default_factory=dict)  # their metrics, not yet in the store
    measure: tuple[int, float] | None = None  # the policy's metric as it was reported last
    heard: bool = False  # the code has given a sign of life since that was last asked
    log_end: int = 0  # of the log as far as it was seen
    log_most: int | None = None  # up to where the log belongs to what was read of the pages; None: nobody says
    runs: list[str] = field(default_factory=list)
    faults: int = 0
    given_up: bool | None = None  # the person's own patterns take too long; None: nobody has looked yet

    def take(self, event: list[Any], piece: Piece, now: Instant) -> None:
        """Take an event in. A malformed one is a fault."""
        try:
            kind, moment = event[0], event[1] / 1e6
            self.heard |= kind not in _NO_SIGN_OF_LIFE
            if kind == "p":
                source: PointSource = "mlflow" if len(event) > 4 and event[4] == "mlflow" else "report"
                self.reported.update(event[3])
                self._points(event[3], event[2], moment, source, piece)
            elif kind == "m":
                named = {MACHINE + name: value for name, value in event[2].items()}
                self._points(named, None, moment, "machine", piece)
            elif kind == "g":
                total = None if event[3] is None else float(event[3])
                text = str(event[5]) if len(event) > 5 else ""
                piece.progress = Progress(float(event[2]), total, str(event[4]), moment, text)
            elif kind == "f":
                piece.shown = True
            elif kind == "c":
                self._committed(moment, event[2], event[3], event[4])
            elif kind == "r":
                self._given(event[2], event[3], piece)
            elif kind == "l":
                self.told.append(Restored(float(event[3])))
            elif kind == "x":
                self.told.append(Damaged(_name(event[2])))
            elif kind == "boot":
                self._started(event[2], piece)
            elif kind == "cursor":
                self.log_most = whole(int(event[2]["log"]))
        except (IndexError, TypeError, ValueError, AttributeError, OverflowError):
            self.faults += 1

    def take_line(self, line: Found, piece: Piece, now: Instant) -> None:
        """Take in what a printed line says, less the values of series that the code reports itself."""
        values = {name: value for name, value in line.metrics.items() if name not in self.reported}
        self._points(values, line.step, now, "log", piece)
        if line.done is not None:
            piece.progress = Progress(line.done, line.total, line.unit, now, line.text)

    def marks(self) -> dict[str, int]:
        """The next number of each counted series."""
        return {name: self.next_step.get(name, 0) for name in self.counted}

    def _points(
        self, values: Mapping[str, float | None], step: int | None, moment: float, source: PointSource, piece: Piece
    ) -> None:
        if values and source != "machine" and self._goes_on and (self.certainty is None or self.certainty < STEPPED):
            self._guess_start(step, piece)
        for name, value in values.items():
            at = self.next_step.get(name, 0) if step is None else whole(int(step))
            self.next_step[name] = at + 1
            if step is None and source != "machine":
                self.counted.add(name)
                piece.counted.add(name)
            number = None if value is None else float(value)
            if number is not None and (number != number or number in (float("inf"), float("-inf"))):
                number = None
            piece.points.append(Point(str(name), at, moment, number, source))
            if name == self.policy.metric and number is not None:
                self._measure(at, number)

    def _guess_start(self, step: int | None, piece: Piece) -> None:
        """It reports and has not asked for a checkpoint: it began right before its first step."""
        certainty = COUNTED if step is None else STEPPED
        if self.certainty is not None and certainty <= self.certainty:
            return
        if self.certainty is None:
            self._count_from({})
        self.certainty = certainty
        piece.restart = Restart(certainty, None if step is None else whole(int(step)) - 1, run=self._run)

    def _given(self, step: int | None, name: str | None, piece: Piece) -> None:
        step = None if step is None else whole(int(step))
        name = None if name is None else _name(name)
        is_own = name is not None and (checkpoints.parts(name) or (0, 0, 0))[1] == self.attempt
        if is_own and self._goes_on and (self._run == 0 or self.certainty == TOLD):
            return  # asked for after it had saved: it did not begin there
        if self._run == 0:
            self.told.append(Given(step, name))
        if not self._goes_on:
            return  # there is nothing earlier
        self.certainty = TOLD
        marks = self._marks_of(name) if name is not None else {}
        self._count_from(marks)
        if self.measure is not None and (step is None or self.measure[0] > step):
            self.measure = None
        piece.restart, piece.before = Restart(TOLD, step, marks, self._run), len(piece.points)

    def _started(self, about: Mapping[str, Any], piece: Piece) -> None:
        """The container has started. Of several hosts the first one speaks."""
        if about.get("rank", 0) != 0:
            return
        run = clean(str(about["run"]))
        if run in self.runs:
            return
        piece.run = Run(len(self.runs), run)
        self.runs.append(run)
        if self._run:
            self.certainty = None

    @property
    def _run(self) -> int:
        """The number of the present run; 0 also where there is no container."""
        return max(0, len(self.runs) - 1)

    @property
    def _goes_on(self) -> bool:
        """Whether there may be points that it does anew."""
        return self.attempt > 1 or self._run > 0

    def _marks_of(self, name: str) -> Mapping[str, int]:
        for one in self.told:
            if isinstance(one, Committed) and one.checkpoint.name == name:
                return one.marks
        return self.marks_of(name)

    def _count_from(self, marks: Mapping[str, int]) -> None:
        for name in self.counted:
            self.next_step[name] = marks.get(name, 0)

    def _committed(self, moment: float, step: int, name: str, about: Mapping[str, Any]) -> None:
        found = checkpoints.parts(_name(name))
        step = whole(int(step))
        own = (about.get("metrics") or {}).get(self.policy.metric) if self.policy.metric else None
        metric = None if own is None else float(own)
        if metric is None and self.policy.metric:
            if self.measure is not None and self.measure[0] <= step:
                metric = self.measure[1]
            if self.measure is None or self.measure[0] < step:
                self.unsure[name] = step
        checkpoint = Checkpoint(
            job=self.job,
            name=name,
            attempt=found[1] if found is not None else self.attempt,
            step=step,
            created=Instant(moment),
            size=whole(int(about["size"])),
            files=whole(int(about["files"])),
            sha256=clean(str(about["sha256"])),
            place=None if about.get("place") is None else self._place(about["place"], name),
            kind=str(about["kind"]),
            metric=metric,
            seconds=None if about.get("seconds") is None else float(about["seconds"]),
        )
        self.told.append(Committed(checkpoint, self.marks()))

    def _place(self, url: object, name: str) -> str:
        """Where the checkpoint was copied to. What is let go of later is removed there, so no other place will do.

        Raises:
            ValueError: it is not the checkpoint's own folder, below what its job's policy names.
        """
        to = (self.policy.to or "").rstrip("/")
        own = to if to.rpartition("/")[2] == self.job else f"{to}/{self.job}"
        if not to or url != f"{own}/{name}":
            raise ValueError(f"{url!r} is no place of the checkpoint {name}")
        return f"{own}/{name}"

    def renew(self, policy: CheckpointPolicy, measure: tuple[int, float] | None) -> None:
        """A person wished otherwise while the attempt runs; ``measure``: the new metric as it was reported last."""
        if policy.metric != self.policy.metric:
            self.measure, self.unsure = measure, {}
        self.policy = policy

    def _measure(self, step: int, value: float) -> None:
        """The policy's metric was reported: also of a checkpoint that was saved a moment before, at the same step."""
        if self.measure is None or step >= self.measure[0]:
            self.measure = (step, value)
        for name, at in list(self.unsure.items()):
            if step <= at:
                self.measured[name] = value
            if step >= at:
                del self.unsure[name]


def _name(text: object) -> str:
    """A checkpoint's name, as a writer has it who follows the rules.

    Raises:
        ValueError: it is none; nothing is looked up, written or removed under it.
    """
    if not isinstance(text, str) or not checkpoints.is_name(text):
        raise ValueError(f"{text!r} is no checkpoint's name")
    return text
