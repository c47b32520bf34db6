"""One attempt as this backend has it: the intent on disk, and what is known of it now.

remote.json     the intent: all that a launch needs, so that whoever comes after a death goes on with it
claim/          from now on a CreateTrainingJob may have been sent; or nothing ever will be (void)
answer.json     AWS has taken it, with its ARN
exit.json       how it ended, with our verdict; the last file
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import JsonValue

from jupyter_training.backends.sagemaker import names
from jupyter_training.backends.sagemaker.absence import Absence
from jupyter_training.backends.sagemaker.options import Settled
from jupyter_training.backends.sagemaker.places import Places
from jupyter_training.backends.sagemaker.poller import Listed
from jupyter_training.backends.sagemaker.verdict import Details, Records
from jupyter_training.core.ids import JobId
from jupyter_training.core.job import JobSpec
from jupyter_training.core.lifecycle import EndReason, StopHow
from jupyter_training.core.retention import Checkpoint
from jupyter_training.seams.backend import End, LaunchOrder
from jupyter_training.spool import layout

__all__ = ["ANSWER", "INTENT", "Intent", "Remote", "read_end", "stop_asked", "write_end"]

INTENT = "remote.json"
ANSWER = "answer.json"
_VERSION = 1


@dataclass(frozen=True)
class Intent:
    """What was wished. Nothing else is needed to carry it out, here or after a restart."""

    job: JobId
    number: int
    token: str
    store: str
    name: str  # of the training job
    region: str
    profile: str | None
    account: str
    pool: str
    spec: JobSpec
    params: Mapping[str, JsonValue]
    checkpoints: tuple[Checkpoint, ...] = ()
    known: tuple[str, ...] = ()
    base: int = 0
    begun: float = 0.0  # wall time
    spent: float = 0.0  # seconds that earlier attempts ran, of what the job may cost

    @classmethod
    def of(cls, order: LaunchOrder, now: float) -> Intent:
        chosen = Settled.of(order.spec.options)
        ref = order.ref
        return cls(
            job=ref.job,
            number=ref.number,
            token=ref.token,
            store=order.store_id,
            name=names.job_name(order.spec.name, ref.job, ref.number),
            region=chosen.region,
            profile=chosen.profile,
            account=chosen.account,
            pool=order.allocation.pool,
            spec=order.spec,
            params=dict(order.params),
            checkpoints=order.checkpoints,
            known=order.known_checkpoints,
            base=order.base_step,
            begun=now,
            spent=order.spent,
        )

    @classmethod
    def read(cls, folder: Path) -> Intent | None:
        """The intent in an attempt's folder; None: there is none that can be read."""
        record = layout.read_json(folder / INTENT)
        if record is None or record.get("version") != _VERSION:
            return None
        del record["version"]
        try:
            record["spec"] = JobSpec.model_validate(record["spec"])
            record["checkpoints"] = tuple(Checkpoint(**one) for one in record["checkpoints"])
            record["known"] = tuple(record["known"])
            return cls(**record)
        except (KeyError, TypeError, ValueError):
            return None

    def write(self, folder: Path) -> None:
        """Keep it, so that it survives anything.

        Raises:
            OSError
        """
        record = {name: getattr(self, name) for name in self.__dataclass_fields__}
        record["spec"] = self.spec.model_dump(mode="json")
        record["checkpoints"] = [asdict(one) for one in self.checkpoints]
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        layout.write_json(folder / INTENT, {"version": _VERSION, **record})

    @cached_property
    def chosen(self) -> Settled:
        return Settled.of(self.spec.options)

    @property
    def machines(self) -> int:
        return self.chosen.instances


@dataclass
class Remote:
    """What is known of an attempt now. Changed by its own tasks, one at a time each; read by everybody."""

    intent: Intent
    folder: Path
    places: Places | None = None  # where what it needs lies, once it does
    arn: str | None = None  # AWS has taken it
    asked_at: float = float("-inf")  # boot time at which a dispatcher has asked for it last
    taken_up: float = 0.0  # boot time since which it is known here
    is_new: bool = False  # it was launched here, and not by an earlier dispatcher
    trained: float | None = None  # seconds that it has trained in runs that are over; None: it has not begun
    trains_at: float | None = None  # boot time at which the run that goes on began
    is_sent: bool = False  # a CreateTrainingJob may have been sent
    is_lost: bool = False  # one had no answer: it may have been done, or be done still
    is_unsure: bool = False  # whether it was done has to be looked up
    claims: int = 0  # looks at a claim of which nobody says what it is for
    is_asking: bool = False  # one is under way
    listed: Listed | None = None  # its line of the last list that had it
    listed_at: float = float("-inf")  # boot time of that list
    seen_as: Listed | None = None  # the line that it had when it was described
    looked: float = float("-inf")  # boot time of the last description
    must_look: bool = False  # it has to be described, whatever a list says
    details: Details | None = None
    absence: Absence = field(default_factory=Absence)  # what AWS says instead of describing it
    instead: End | None = None  # its end, once it is sure that AWS has no job of it
    stranger: str | None = None  # why AWS isn't asked for it: the credentials are another account's
    stop_due: float = 0.0  # boot time from which on a stop that is wished may be sent
    stops: int = 0  # that AWS did not take
    carries: bool = False  # its next step sends or fetches much
    fetches: int = 0  # times that its results could not be brought here
    records: Records | None = None  # of its end, as its streams say it
    is_drained: bool = False  # all that its streams said is in the spool
    log_fault: str | None = None  # why they can't be read, as a sentence
    read_at: float = float("-inf")  # boot time at which one was last read to its end, or there was none yet
    has_outputs: bool = False
    tries: int = 0  # failures in a row
    doing: str | None = None  # what is done with it here, or why it does not go on, in a few words
    figures: dict[str, float] = field(default_factory=dict)
    end: End | None = None

    @property
    def is_over(self) -> bool:
        """Whether it holds no machine any more."""
        return self.end is not None or (self.details is not None and self.details.is_terminal)

    def note_age(self, details: Details, now: float) -> None:
        """How long it has trained, by our clock: AWS's may be ahead of it, or behind. ``now``: wall time."""
        if details.trains_since is None:
            if details.has_run:
                self.trained, self.trains_at = details.trained, None
        elif self.trains_at is None or self.trained != details.trained:
            ran = max(0.0, now - details.trains_since)
            if self.is_new and not details.trained:  # it can't be older than what is known of it here
                ran = min(ran, self.looked - self.taken_up)
            self.trained, self.trains_at = details.trained, self.looked - ran


def stop_asked(folder: Path) -> StopHow | None:
    """The stop that was asked for."""
    how = (layout.read_json(layout.stop_file(folder)) or {}).get("how")
    return how if how in ("pause", "preempt", "discard", "cancel", "timeout", "hang", "kill") else None


def write_end(
    folder: Path, end: End, started: float | None = None, exit_record: Mapping[str, Any] | None = None
) -> None:
    """Write the last file of an attempt: what its container said of its exit, and what that comes to.

    Raises:
        OSError
    """
    record = {"version": layout.VERSION, **(exit_record or {}), "verdict": asdict(end), "started": started}
    layout.write_json(layout.exit_file(folder), record)


def read_end(folder: Path) -> tuple[End, float | None] | None:
    """The end that was written, and when the code had started."""
    record = layout.read_json(layout.exit_file(folder)) or {}
    found = record.get("verdict")
    if not isinstance(found, dict):
        return None
    return End(**{**found, "reason": EndReason(found["reason"])}), record.get("started")
