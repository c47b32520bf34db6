"""Read the log streams of a training job to their end, into the attempt's spool.

    <training job>/algo-1-<epoch>      each start of a container has a stream of its own, on each host

One stream is read at a time, by the token that CloudWatch gives for what comes
next. Streams come to be when containers start, so they are looked for as long
as the job goes on; what a host said before it was started again is read first.
After the job's end its log is complete when every host has said how it ended,
or when nothing new has come for a while.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jupyter_training.backends.sagemaker import names
from jupyter_training.backends.sagemaker.answers import Kind
from jupyter_training.backends.sagemaker.mirror import Line, Mirror, NotWritten, Position, Superseded
from jupyter_training.backends.sagemaker.region import Failed, Region
from jupyter_training.backends.sagemaker.remote import Remote
from jupyter_training.seams.clock import Clock
from jupyter_training.settings import Settings

__all__ = ["Reading"]

log = logging.getLogger(__name__)

_WAITING = 1.0  # seconds until it is looked again whether a container has started
_SOON = 0.3  # after news, until the next reading
_SELDOM = 6  # times the usual span
_NOT_WRITTEN = 5.0
_ASKED = 10.0  # a dispatcher that has its lease asks for its attempts far more often
_FULL = 5_000  # lines; so many in one answer: there are more
_MOST = 10_000  # what one call may give
_FORGOTTEN = "InvalidParameterException"  # a token is known for a day


@dataclass
class _Stream:
    """What is known of a stream. Boot times."""

    due: float = 0.0
    found: float = float("-inf")  # when it was found to be there
    quiet: float = 0.0  # seconds to wait after the next reading that brings nothing
    to_end: float = float("-inf")  # when all of it had been read


@dataclass
class Reading:
    """Of one attempt. One task calls ``turn``."""

    region: Region
    one: Remote
    settings: Settings
    clock: Clock
    mirror: Mirror | None = None
    streams: dict[str, _Stream] = field(default_factory=dict)
    looked: float = float("-inf")  # for streams
    news: float = float("-inf")  # the last line
    ended: float | None = None  # boot time at which the job's end was heard of
    tries: int = 0

    def turn(self) -> float | None:
        """Read a little. Seconds until the next turn; None: the log is complete, or nobody will ever see it."""
        one = self.one
        if one.end is not None or one.is_drained:
            return self._complete()
        if one.stranger is not None:
            return _WAITING
        details = one.details
        if details is None or not details.has_run:
            return self._complete() if details is not None and details.is_terminal else _WAITING
        now = self.clock.boot()
        if details.is_terminal and self.ended is None:
            self.ended, self.looked = now, float("-inf")
            self.news = max(self.news, now)
            for stream in self.streams.values():
                stream.due = now
        try:
            wait = self._look(now) if self._is_time_to_look(now) else self._read(now)
            self.tries, one.log_fault = (self.tries, one.log_fault) if wait is None else (0, None)
        except Failed as failed:
            return self._not_read(failed)
        except Superseded as error:
            log.warning("%s: %s", one.intent.name, error)
            if now - one.asked_at > _ASKED:
                return self.region.pace.longest_wait
            self.mirror = None  # it is the other one that has been given up, and has come back for a moment
            return _NOT_WRITTEN
        except (NotWritten, OSError) as error:
            log.warning("%s: %s", one.intent.name, error)
            self.mirror = None
            return _NOT_WRITTEN
        if self._is_drained(now):
            return self._complete()
        return wait if wait is not None else self._next(now)

    def _is_time_to_look(self, now: float) -> bool:
        return now - self.looked >= self._look_every()

    def _look_every(self) -> float:
        """Often as long as a container that runs has no stream; then seldom."""
        runs = self.one.details.runs if self.one.details is not None else 1
        missing = len(self.streams) < self.one.intent.machines * max(1, runs)
        return self.region.pace.look_for_streams * (1 if missing else _SELDOM)

    def _look(self, now: float) -> float | None:
        """Look for streams. None: that is done."""
        name = self.one.intent.name
        wait = self.region.wait("find", name)
        if wait > 0:
            return wait
        token: dict[str, str] = {}
        while True:
            try:
                found = self.region.call(
                    *("find", "logs", "describe_log_streams", "logs:DescribeLogStreams"),
                    logGroupName=names.LOG_GROUP,
                    logStreamNamePrefix=f"{name}/",
                    **token,
                )
            except Failed as failed:
                if failed.answer.kind is not Kind.MISSING:
                    raise
                found = {}  # there is no log group before the account's first container
            for one in found.get("logStreams", ()):
                self.streams.setdefault(one["logStreamName"], _Stream(due=now, found=now))
            if not found.get("nextToken"):
                break
            token = {"nextToken": found["nextToken"]}
        self.looked = now
        if not self.streams:
            self.one.read_at = now
        return None

    def _read(self, now: float) -> float | None:
        """Read from the stream whose turn it is. None: there is none that is due."""
        mirror = self._mirror()
        name = self._due(mirror, now)
        if name is None:
            return None
        wait = self.region.wait("logs", self.one.intent.name)
        if wait > 0:
            return wait
        stream, position = self.streams[name], mirror.position(name)
        try:
            lines, token = self._lines(name, position)
        except Failed as failed:
            if failed.answer.kind is not Kind.MISSING:
                raise
            lines, token = [], position.token  # it was deleted there: what was read of it is all that there is
        if not lines and token == position.token:  # another token says that there is more, also behind an empty answer
            stream.to_end = self.one.read_at = now
            stream.quiet = min(self.region.pace.read_idle, max(_SOON, stream.quiet * 1.5))
            stream.due = now + stream.quiet
            return None
        mirror.take(name, lines, token)
        self.one.records = mirror.records
        if lines:
            self.news = now
            self.one.figures["service/log_lag"] = max(0.0, self.clock.now() - lines[-1].at / 1000)
        stream.quiet, stream.due = _SOON, now + (0.0 if len(lines) >= _FULL else _SOON)
        return 0.0

    def _lines(self, stream: str, position: Position) -> tuple[list[Line], str | None]:
        """What comes next in a stream, and the token for what comes after."""
        request: dict[str, Any] = {"logGroupName": names.LOG_GROUP, "logStreamName": stream, "limit": _MOST}
        request["startFromHead"] = True
        left_out = 0
        if position.token is not None:
            request["nextToken"] = position.token
        try:
            answer = self._events(request)
        except Failed as failed:
            if failed.answer.code != _FORGOTTEN or position.token is None:
                raise
            del request["nextToken"]
            answer = self._events({**request, "startTime": position.at})
            left_out = position.same
        lines = [Line(int(event["timestamp"]), str(event["message"])) for event in answer.get("events", ())]
        token = answer.get("nextForwardToken") or position.token
        return lines[left_out:], token

    def _events(self, request: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = self.region.call("logs", "logs", "get_log_events", "logs:GetLogEvents", **request)
        return found

    def _due(self, mirror: Mirror, now: float) -> str | None:
        """The stream to read: what was being read when somebody died comes first, then who has waited longest."""
        if mirror.is_behind and mirror.turn is not None:
            self.streams.setdefault(mirror.turn, _Stream())
            return mirror.turn
        due = [(one.due, name) for name, one in self._readable().items() if one.due <= now]
        return min(due)[1] if due else None

    def _readable(self) -> dict[str, _Stream]:
        """The streams that may be read: one of a host's next start, when all before it has been read to its end."""
        found: dict[str, _Stream] = {}
        latest: dict[str, float] = {}  # by host: when the streams before had been read to their ends
        for name in sorted(self.streams, key=names.begun):
            one, host = self.streams[name], names.host_of(name)
            if latest.get(host, float("inf")) >= one.found:
                found[name] = one
                latest[host] = min(one.to_end, latest.get(host, float("inf")))
        return found

    def _next(self, now: float) -> float:
        most = self.looked + self._look_every()
        first = min([most, *(one.due for one in self._readable().values())])
        return max(0.0, first - now) or 0.05

    def _is_drained(self, now: float) -> bool:
        if self.ended is None or self.looked < self.ended:
            return False
        if any(one.to_end < self.ended for one in self.streams.values()):
            return False
        records = self.mirror.records if self.mirror is not None else None
        if records is not None and len(records.exits) >= self.one.intent.machines:
            return True
        return now - self.news >= self._silence()

    def _silence(self) -> float:
        """How long nothing may come after the end before that is all: lines may be a minute late."""
        pace = self.region.pace
        if self.one.intent.chosen.launcher == "toolkit":  # which says no last word
            return pace.drain
        return pace.drain_unended * (1 if self.streams else 2)

    def _not_read(self, failed: Failed) -> float | None:
        one, answer = self.one, failed.answer
        self.tries += 1
        if answer.kind is Kind.DENIED:
            one.log_fault = f"Its log can't be read: {answer.sentence}"
            if self.ended is not None:
                return self._complete()
        return self.region.patience(answer, self.tries)

    def _complete(self) -> float | None:
        """Nothing more is read."""
        self.region.give_up(self.one.intent.name)
        if self.mirror is not None:
            self.one.records = self.mirror.records
            self.mirror.close()
            self.mirror = None
        elif self.one.records is None and _has_pages(self.one.folder):
            self.one.records = self._mirror().records
            self.mirror = None
        self.one.is_drained = True
        return None

    def _mirror(self) -> Mirror:
        if self.mirror is None:
            kept = self.settings
            self.mirror = Mirror(
                self.one.folder,
                cap_bytes=kept.log_cap_bytes,
                head_bytes=kept.log_head_bytes,
                has_records=self.one.intent.chosen.launcher != "toolkit",
            )
            self.one.records = self.mirror.records
            for name in self.mirror.streams:
                self.streams.setdefault(name, _Stream())
        return self.mirror


def _has_pages(folder: Path) -> bool:
    return any(folder.glob("events-*.page"))
