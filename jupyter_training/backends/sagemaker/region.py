"""AWS in one region as one profile sees it: its clients, how often they may be used, whether it takes the credentials.

All who speak to AWS from here do it through ``call``, so that the rates of the
account are kept, errors are read in one place, and credentials that were renewed
are noticed.
"""

from __future__ import annotations

import os
import random
import threading
from collections.abc import Callable
from typing import Any

from jupyter_training.backends.sagemaker import answers, clients
from jupyter_training.backends.sagemaker.answers import Answer, Kind
from jupyter_training.backends.sagemaker.budget import Budget, backoff
from jupyter_training.backends.sagemaker.pace import Pace
from jupyter_training.seams.clock import Clock

__all__ = ["Failed", "Find", "Region"]

_APART = 0.9  # of the usual spacing, at least, between two calls

Find = Callable[[str | None, str | None], Any]  # clients by region and profile


class Failed(Exception):
    """A call was not answered as we wish; ``answer`` says what that means."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.sentence)
        self.answer = answer


class Region:
    """Safe for any number of threads."""

    def __init__(
        self,
        region: str | None,
        profile: str | None,
        *,
        pace: Pace,
        clock: Clock,
        rng: random.Random,
        find: Find | None = None,
        forget: Find = clients.forget,
    ) -> None:
        self.name = region
        self.profile = profile
        self.pace = pace
        self.no_credentials: str | None = None  # why AWS can't be asked now, as a sentence
        self._clock = clock
        self._rng = rng
        self._find = find or (lambda where, who: clients.of(where, who, retries=False))
        # A part of an upload that fails is sent again by itself: else all of it would be. The other calls are made anew
        # by who wants them, at the account's rates, and a Create must not be sent twice.
        self._find_s3 = find or clients.of
        self._forget = forget
        self._lock = threading.Lock()
        self._budgets = {
            "list": Budget(pace.lists),
            "create": Budget(pace.creates),
            "describe": Budget(pace.describes),
            "stop": Budget(pace.stops),
            "logs": Budget(pace.logs),
            "find": Budget(pace.finds),
            "quotas": Budget(pace.quotas),
        }
        self._lacking: Answer | None = None  # what was answered for want of credentials
        self._look_at = 0.0  # boot time at which they are looked for again
        self._caller: tuple[Any, str] | None = None  # clients, and the account that they speak for
        self._renewed = float("-inf")  # boot time
        self._booked: dict[tuple[str, str], float] = {}
        self._made: dict[str, float] = {}  # boot time of the last call of a kind

    def wait(self, kind: str, who: str) -> float:
        """Seconds until ``who`` may make a call of a kind; 0: now. Whoever asked first comes first."""
        with self._lock:
            now = self._clock.boot()
            at = self._booked.get((kind, who))
            if at is None:
                at = self._booked[kind, who] = self._budgets[kind].book(now)
            # Threads that come late come together: they are kept apart all the same.
            at = max(at, self._made.get(kind, 0.0) + _APART * self._budgets[kind].spacing)
            if at > now:
                return at - now
            del self._booked[kind, who]
            self._made[kind] = now
            return 0.0

    def give_up(self, who: str) -> None:
        """Who asked will not call any more."""
        with self._lock:
            for key in [key for key in self._booked if key[1] == who]:
                del self._booked[key]

    def call(self, kind: str | None, service: str, operation: str, permission: str, /, **request: Any) -> Any:
        """What the service answers.

        While there are no credentials that count, one caller looks for them now and then; the others are told at once.

        Raises:
            Failed
        """
        self._look_for_credentials()
        try:
            find = self._find_s3 if service == "s3" else self._find
            answer = getattr(getattr(find(self.name, self.profile), service), operation)(**request)
        except Exception as error:  # noqa: BLE001 (botocore's have no common root; others are raised again there)
            raise self.failed(error, permission, kind) from None
        with self._lock:
            if kind is not None:
                self._budgets[kind].taken()
            self.no_credentials = None
        return answer

    def account(self, *, fresh: bool = False) -> str:
        """The account that the credentials are of, asked when they have been read; ``fresh``: asked now.

        Raises:
            Failed
        """
        found = self._find(self.name, self.profile)
        with self._lock:
            if not fresh and self._caller is not None and self._caller[0] is found:
                return self._caller[1]
        told = str(self.call(None, "sts", "get_caller_identity", "sts:GetCallerIdentity")["Account"])
        with self._lock:
            self._caller = (found, told)
        return told

    def renew(self) -> None:
        """Read the credentials again, if that was not done a moment ago: they are not those that are needed."""
        with self._lock:
            now = self._clock.boot()
            if now < self._renewed + self.pace.longest_wait:
                return
            self._renewed, self._caller = now, None
        self._forget(self.name, self.profile)

    def _look_for_credentials(self) -> None:
        with self._lock:
            now = self._clock.boot()
            if self._lacking is None or self.no_credentials is None:
                return
            if now < self._look_at:
                raise Failed(self._lacking)
            self._look_at = now + self.pace.no_credentials

    def failed(self, error: Exception, permission: str, kind: str | None = None) -> Failed:
        """What an error of a call means; it is noted what it says of the credentials.

        Raises:
            Exception: the one that was given, if it is none of AWS's.
        """
        answer = answers.read(error, permission)
        with self._lock:
            if answer.kind is Kind.THROTTLED and kind is not None:
                self._budgets[kind].refused(self._clock.boot())
            if answer.kind is Kind.CREDENTIALS:
                who = f" (profile {self.profile!r})" if self.profile else ""
                self._lacking, self._look_at = answer, self._clock.boot() + self.pace.no_credentials
                self.no_credentials = f"{answer.sentence.rstrip('.')}{who}. {_renewed(self.profile)}"
            elif answer.kind not in (Kind.UNREACHED, Kind.UNSURE):
                self.no_credentials = None  # somebody looked at them and had nothing to say
        if answer.kind is Kind.CREDENTIALS:
            self._forget(self.name, self.profile)
        return Failed(answer)

    def patience(self, answer: Answer, tries: int) -> float:
        """Seconds until a call that failed so often in a row is made again."""
        if answer.kind is Kind.CREDENTIALS:
            return self.pace.no_credentials
        if answer.kind is Kind.DENIED:
            return self.pace.longest_wait
        with self._lock:
            return backoff(tries, self._rng, first=self.pace.first_wait, most=self.pace.longest_wait)

    def jittered(self, seconds: float) -> float:
        """About so many, so that not all ask at once."""
        with self._lock:
            return seconds * self._rng.uniform(0.9, 1.1)


def _renewed(profile: str | None) -> str:
    """What to do about credentials that don't count."""
    if profile is not None or "AWS_ACCESS_KEY_ID" not in os.environ:
        return "Renew them; it goes on by itself then."
    return (
        f"They are those of the environment in which the dispatcher began, and it gets no others: end it (`kill "
        f"{os.getpid()}`, which ends no job), and submit, or start a server, where new ones are set. With a profile it "
        "goes on by itself."
    )
