"""Everything that can go wrong with the service, as switches that may be turned while it runs; and what it was asked.

Over HTTP: GET, PATCH and DELETE of /double/faults, where PATCH takes the fields of `Faults` and DELETE puts back what
the process was started with; GET /double/calls. From Python: `fixture.Double.faults`.
"""

from __future__ import annotations

import copy
import threading
import time
from collections import Counter, deque
from dataclasses import dataclass, field, fields
from typing import Any

__all__ = ["KINDS", "Calls", "Faults", "Rule", "Switches"]

KINDS = {
    "error": "the service answers 500, and nothing was done",
    "throttle": "Rate exceeded",
    "expired": "the caller's session token has expired",
    "denied": "the caller has no permission for it",
    "hang": "no answer for so many seconds, then the connection breaks and nothing was done",
    "broken": "the connection breaks before anything was done",
    "lost": "it was done, but the connection breaks before the answer",
    "late": "it was done, and is answered so many seconds later",
}


@dataclass
class Rule:
    """The next calls of an operation that meet a fault."""

    operation: str  # CreateTrainingJob, PutObject, ...; * is all
    fault: str  # one of KINDS
    times: int = 1
    after: int = 0  # so many calls pass first
    seconds: float = 30.0  # of hang and late
    about: str = ""  # only calls about a job, or a bucket and key, with this in its name

    def __post_init__(self) -> None:
        if self.fault not in KINDS:
            raise ValueError(f"There is no fault {self.fault!r}. There are: {', '.join(KINDS)}.")


@dataclass
class Faults:
    """The switches. Times are seconds."""

    # instance type -> instances at once; with "spot:" before it of spot ones, with "warm:" kept in a warm pool (else 0)
    quota: dict[str, int] = field(default_factory=dict)
    quota_of_others: int = 20
    # operation -> calls a second; a bucket holds as many as a second brings, and `burst` more
    rates: dict[str, float] = field(default_factory=lambda: {"ListTrainingJobs": 2.0, "CreateTrainingJob": 1.0})
    burst: float = 1.0
    rules: list[Rule] = field(default_factory=list)
    no_capacity: list[str] = field(default_factory=list)  # instance types that can't be had now
    not_in_region: dict[str, list[str]] = field(default_factory=dict)  # region -> instance types unknown there
    denied: list[str] = field(default_factory=list)  # sagemaker:CreateTrainingJob, s3:PutObject, ...
    expired: bool = False  # every call, until it is turned off
    list_delay: float = 0.0  # List shows what was so long ago
    log_lag: float = 0.2  # from a line to its event
    start_up: float = 0.0  # from Create to the first download
    grace: float = 3.0  # from SIGTERM to SIGKILL; 120 in reality
    containers: int = 8  # at once; the other jobs are Starting
    spot_share: float = 0.3  # of spot seconds is billed


class Switches:
    """The faults in force, their token buckets, and which calls they meet. Safe from any thread."""

    def __init__(self, first: Faults) -> None:
        self._first = copy.deepcopy(first)
        self.now = first
        self._lock = threading.Lock()
        self._buckets: dict[tuple[str, str], tuple[float, float]] = {}
        self.changed = threading.Condition()

    def change(self, **new: Any) -> None:
        """Set these; a dictionary is merged, rules are added.

        Raises:
            ValueError: there is no such switch or fault.
        """
        known = {one.name for one in fields(Faults)}
        unknown = sorted(set(new) - known)
        if unknown:
            raise ValueError(f"There is no switch {', '.join(unknown)}. There are: {', '.join(sorted(known))}.")
        rules = [one if isinstance(one, Rule) else Rule(**one) for one in new.pop("rules", [])]
        with self._lock:
            self.now.rules.extend(rules)
            for name, value in new.items():
                old = getattr(self.now, name)
                setattr(self.now, name, {**old, **value} if isinstance(old, dict) else value)
        with self.changed:
            self.changed.notify_all()

    def reset(self) -> None:
        """Put back what it was started with, and fill every bucket."""
        with self._lock:
            self.now = copy.deepcopy(self._first)
            self._buckets.clear()
        with self.changed:
            self.changed.notify_all()

    def meets(self, service: str, operation: str, about: str) -> Rule | None:
        """The fault that this call meets, if any; it is used up by that."""
        with self._lock:
            if self.now.expired:
                return Rule(operation, "expired")
            if f"{service}:{operation}" in self.now.denied:
                return Rule(operation, "denied")
            for rule in self.now.rules:
                if rule.times > 0 and rule.operation in {operation, "*"} and rule.about in about:
                    if rule.after > 0:
                        rule.after -= 1
                        continue
                    rule.times -= 1
                    return rule
        return None

    def may_pass(self, region: str, operation: str) -> bool:
        """Whether the account's rate allows this call; it takes a token."""
        with self._lock:
            rate = self.now.rates.get(operation)
            if rate is None:
                return True
            at, most = time.monotonic(), rate + self.now.burst
            tokens, since = self._buckets.get((region, operation), (most, at))
            tokens = min(most, tokens + (at - since) * rate)
            passes = tokens >= 1
            self._buckets[region, operation] = (tokens - passes, at)
            return passes

    def wait(self, seconds: float) -> None:
        """Sleep so long, or until the faults are put back."""
        faults, end = self.now, time.monotonic() + seconds
        with self.changed:
            while self.now is faults and (left := end - time.monotonic()) > 0:
                self.changed.wait(left)


class Calls:
    """Who asked for what, in order, and what came of it."""

    def __init__(self, most: int = 50_000) -> None:
        self._kept: deque[dict[str, Any]] = deque(maxlen=most)
        self._lock = threading.Lock()

    def note(self, **call: Any) -> None:
        with self._lock:
            self._kept.append(call)

    def of(self, operation: str | None = None, *, by: str = "caller", since: float = 0.0) -> list[dict[str, Any]]:
        """The calls of an operation, or all, by the caller or by a container."""
        with self._lock:
            kept = list(self._kept)
        return [c for c in kept if operation in {None, c["operation"]} and c["by"] == by and c["time"] >= since]

    def counts(self) -> dict[str, int]:
        with self._lock:
            return dict(Counter(c["operation"] for c in self._kept if c["by"] == "caller"))

    def clear(self) -> None:
        with self._lock:
            self._kept.clear()
