"""From what AWS says of a training job, and the records that its container sent, to why it ended. Pure.

    Completed              completed
    Failed  AlgorithmError what the records say of the code, else AWS's own words
            ClientError    could not be started: data, permissions, image; after it was, it failed
            CapacityError  no machine: back to the queue
            Internal...    lost
    Stopped                for the reason that we asked for; at a time limit; else by somebody outside

Where a stop came while the code had ended by itself, what happened is stronger.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from jupyter_training.backends.local import verdict as processes
from jupyter_training.core.lifecycle import STOPPED, EndReason, StopHow
from jupyter_training.seams.backend import End

__all__ = ["TERMINAL", "Details", "Records", "stage", "verdict"]

TERMINAL = frozenset({"Completed", "Failed", "Stopped"})
_CAPACITY = re.compile(r"CapacityError|InsufficientCapacity|insufficient capacity", re.IGNORECASE)
_STAGES = {
    "Starting": "starting",
    "LaunchingMLInstances": "starting machines",
    "PreparingTrainingStack": "preparing the machines",
    "Pending": "waiting for machines",
    "Downloading": "downloading data",
    "DownloadingTrainingImage": "downloading the image",
    "Training": "training",
    "Interrupted": "interrupted by AWS; it starts again from its checkpoint",
    "Restarting": "starting again",
    "Updating": "being updated",
    "Uploading": "uploading results",
    "Stopping": "stopping",
}
_OUTSIDE = "Stopped outside of here: in the AWS console, or by another program."
_WAITED = "Stopped: it had waited and run for as long as max_wait allows."
_LONGEST = 600  # characters of AWS's own words


@dataclass(frozen=True)
class Details:
    """A training job as AWS describes it. Times are seconds since the epoch, spans seconds."""

    status: str
    secondary: str
    message: str = ""
    failure: str = ""
    started: float | None = None  # its code, for the first time
    ended: float | None = None
    training_seconds: float | None = None
    billable_seconds: float | None = None
    model: str | None = None  # the URL of model.tar.gz
    runs: int = 0  # times that its containers were started
    trained: float = 0.0  # seconds in the runs that are over; an interrupted one waits for machines, and is not charged
    trains_since: float | None = None  # of the run that goes on

    @property
    def is_terminal(self) -> bool:
        return self.status in TERMINAL

    @property
    def has_run(self) -> bool:
        """Whether a container of it has started, so that there may be logs."""
        return self.started is not None or self.secondary in ("Training", "Uploading", "Interrupted")

    @classmethod
    def of(cls, described: Mapping[str, Any]) -> Details:
        """What DescribeTrainingJob answers."""
        moves = described.get("SecondaryStatusTransitions") or []
        training = [one["StartTime"] for one in moves if one.get("Status") == "Training" and one.get("StartTime")]
        started = min(training) if training else described.get("TrainingStartTime")
        return cls(
            status=str(described.get("TrainingJobStatus", "")),
            secondary=str(described.get("SecondaryStatus", "")),
            message=str(moves[-1].get("StatusMessage") or "") if moves else "",
            failure=str(described.get("FailureReason") or ""),
            started=started.timestamp() if started is not None else None,
            ended=described["TrainingEndTime"].timestamp() if described.get("TrainingEndTime") else None,
            training_seconds=_number(described.get("TrainingTimeInSeconds")),
            billable_seconds=_number(described.get("BillableTimeInSeconds")),
            model=(described.get("ModelArtifacts") or {}).get("S3ModelArtifacts"),
            runs=len(training),
            **_trained(moves, described.get("TrainingStartTime") if not training else None),
        )


def _trained(moves: Sequence[Mapping[str, Any]], started: datetime | None) -> dict[str, Any]:
    """``started``: of a job of which no move says when it began to train."""
    over, since = 0.0, started.timestamp() if started is not None else None
    for number, one in enumerate(moves):
        if one.get("Status") == "Training" and one.get("StartTime"):
            begun = one["StartTime"].timestamp()
            ended = one.get("EndTime") or next((more["StartTime"] for more in moves[number + 1 :]), None)
            since = begun if ended is None else None
            over += max(0.0, ended.timestamp() - begun) if ended is not None else 0.0
    return {"trained": over, "trains_since": since}


@dataclass
class Records:
    """What the container's last start said of its end: ``end`` by the code, ``exits`` by each host."""

    end: Mapping[str, Any] | None = None
    exits: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    def exit(self) -> Mapping[str, Any] | None:
        """The exit that decides: one that failed before one that did not, the first host's before the others'."""
        known = [self.exits[host] for host in sorted(self.exits, key=_host_number)]
        return next((one for one in known if _failed(one)), known[0] if known else None)


def verdict(details: Details, records: Records, asked: StopHow | None) -> End:
    """Why a training job that has ended did so. ``asked``: the stop that we asked for.

    Records that are not as they should be count as none: whoever may print into the log could have made them.
    """
    try:
        return _verdict(details, records, asked)
    except (LookupError, TypeError, ValueError, AttributeError):
        return _verdict(details, Records(), asked)


def _verdict(details: Details, records: Records, asked: StopHow | None) -> End:
    exit_record = records.exit()
    told = processes.verdict(exit_record, records.end) if exit_record is not None else None
    if details.status == "Completed":
        return replace(told, reason=EndReason.COMPLETED, detail=None) if told else End(EndReason.COMPLETED, None, 0)
    if details.status == "Failed":
        return _failure(details, exit_record, told)
    return _stopped(details, exit_record, told, asked)


def stage(details: Details) -> str:
    """What AWS does with it now, in a few words, with its own where they say more."""
    words = _STAGES.get(details.secondary, details.secondary)
    if details.secondary in ("Starting", "Pending", "Downloading") and details.message:
        return f"{words}: {details.message[:120].rstrip('.')}"
    return words


def _failure(details: Details, exit_record: Mapping[str, Any] | None, told: End | None) -> End:
    words = details.failure[:_LONGEST].strip()
    kind = words.partition(":")[0].strip()
    if _CAPACITY.search(kind) or (kind != "AlgorithmError" and _CAPACITY.search(words)):
        return End(EndReason.UNPLACED, f"AWS had no machine for it; it waits again. {words}".strip())
    if kind == "ClientError" and details.started is None:
        return End(EndReason.LAUNCH_FAILED, f"Could not start: {_without_kind(words)}")
    if kind.startswith("InternalServer") or kind == "InternalError":
        return End(EndReason.LOST, f"Lost: AWS had a fault of its own: {words}")
    if exit_record is not None and told is not None and _failed(exit_record):
        return told
    code = re.search(r"exit code:? ?(\d+)", words, re.IGNORECASE)
    number = int(code[1]) if code else None
    return End(EndReason.ERROR, f"Failed: {_without_kind(words) or 'AWS gave no reason'}", number)


def _stopped(details: Details, exit_record: Mapping[str, Any] | None, told: End | None, asked: StopHow | None) -> End:
    if exit_record is not None and told is not None and exit_record.get("how_stopped") is None and asked is not None:
        own = told.reason in (EndReason.COMPLETED, EndReason.ERROR, EndReason.INVALID, EndReason.OUT_OF_MEMORY)
        if own and details.secondary == "Stopped":
            return told  # it had come to its end by itself before the stop reached it
    known = (None, None, None) if told is None else (told.exit_code, told.signal, told.peak_memory)
    if details.secondary == "MaxRuntimeExceeded":
        return End(EndReason.TIMEOUT, None, *known)
    if details.secondary == "MaxWaitTimeExceeded":
        return End(EndReason.TIMEOUT, _WAITED, *known)
    if asked is None:
        return End(EndReason.CANCELED, _OUTSIDE, *known)
    return End(STOPPED[asked], None, *known)


def _failed(exit_record: Mapping[str, Any]) -> bool:
    return bool(exit_record.get("exit_code")) or exit_record.get("signal") is not None or _odd(exit_record)


def _odd(exit_record: Mapping[str, Any]) -> bool:
    return bool(exit_record.get("launch_error"))


def _without_kind(words: str) -> str:
    """AWS's words without the word that says whose fault it is."""
    kind, colon, rest = words.partition(":")
    return rest.strip() if colon and re.fullmatch(r"\w+Error", kind.strip()) else words


def _host_number(host: str) -> tuple[int, str]:
    number = host.rpartition("-")[2]
    return (int(number) if number.isdecimal() else 0, host)


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, (int, float)) else None
