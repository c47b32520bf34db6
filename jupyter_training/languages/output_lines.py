"""Metrics and progress from what a training prints, for code that calls no ``report()``.

Understood: ``[tune-metric]: {json}`` lines (Syne Tune's), the person's own
regexes, lines like ``epoch 3/10 loss=0.41 acc: 0.88`` and tqdm's bars. A carriage
return ends a line too, so a bar that redraws itself is read as it goes.

Whoever reads serves all jobs, so none may keep it busy. The patterns here take a
time in proportion to the line, whatever it says. A person's own may take for ever;
they are matched by a library that can stop, and given up where they take too long.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import regex

from jupyter_training.errors import InvalidSpec

__all__ = ["MAX_LINE", "Found", "LineReader", "check_patterns"]

MAX_LINE = 4096  # a longer line is never a metric line

PATIENCE = 1.0  # seconds of a processor for a person's own patterns in one piece,
_A_LINE = 20e-6  # and so much more for each of its lines and each pattern; usual ones take a tenth of it

# Of what repeats, no two stand side by side that could share a text: that would be tried in every division.
_NUMBER = r"[-+]?(?:\d+(?:\.\d*)?(?:[eE][-+]?\d+)?|\.\d+(?:[eE][-+]?\d+)?|nan|inf)"
_STEP = re.compile(
    r"\b(epoch|step|iter(?:ation)?|round|batch)s?\b\s*(?:[:=#\[\(]\s*)?(\d+)\s*(?:(?:/|of)\s*)?(\d+)?", re.IGNORECASE
)
_PAIR = re.compile(rf"(?<![\w.])([A-Za-z_][\w./-]{{0,63}})\s*[=:]\s*({_NUMBER})(?![\w.:/])%?", re.IGNORECASE)
_BAR = re.compile(r"\d{1,3}%\|[^|]*\|\s*(?P<done>[\d.]+[kMG]?)/(?P<total>[\d.]+[kMG]?)(?:\s*\[(?P<rest>[^\]]*)\])?")
# A bar's pace, as in 37.9it/s or 2.5s/epoch. "it" is what tqdm says when it was told no unit.
_PACE = re.compile(r"(?<![\d.?])[\d.?]+[kMG]?\s?(?:s/([A-Za-z]\w{0,31})|([A-Za-z]\w{0,31})/s)")
_TUNE = "[tune-metric]:"
_MOST = 2**53  # from here on a float does not count one by one
_SCALE = {"k": 1e3, "M": 1e6, "G": 1e9}
# Words that stand before a number in such lines and are no metrics.
_NOT_METRICS = frozenset(
    {"epoch", "epochs", "step", "steps", "iter", "iteration", "round", "batch", "eta", "time", "total"}
)


@dataclass(frozen=True)
class Found:
    """What one line said. ``step`` None: the line named none."""

    step: int | None
    metrics: Mapping[str, float]
    done: float | None = None
    total: float | None = None
    unit: str = "step"
    text: str = ""


def check_patterns(patterns: Mapping[str, str]) -> None:
    """See that each regex compiles and has a group that gives the number.

    Raises:
        InvalidSpec: names the metric and says what is wrong.
    """
    for name, pattern in patterns.items():
        try:
            groups = regex.compile(pattern).groups
        except (regex.error, OverflowError, RecursionError) as error:
            raise InvalidSpec(f"metrics.{name}: {pattern!r} is not a regular expression: {error}.") from None
        if groups == 0:
            raise InvalidSpec(
                f"metrics.{name}: {pattern!r} has no group.", hint=r"Put the number in parentheses: loss=([0-9.]+)"
            )


class LineReader:
    """Reads the output of one attempt, in pieces of any size, as metric lines.

    Knows nothing of where the bytes come from. ``state`` is what must be kept
    between pieces: the unfinished last line. ``too_slow``: the metric whose own
    pattern had taken too long in a piece; from there on no own pattern counts.
    ``worked`` gives the seconds that this thread has used a processor.
    """

    def __init__(
        self, metrics: str | Mapping[str, str], state: bytes = b"", *, worked: Callable[[], float] = lambda: 0.0
    ) -> None:
        own = metrics if isinstance(metrics, Mapping) else {}
        self._off = metrics == "off"
        self._own = {name: regex.compile(text) for name, text in own.items()}
        self._guess = metrics == "auto"
        self._worked = worked
        self._left = PATIENCE
        self.state = state
        self.too_slow: str | None = None

    def feed(self, piece: bytes) -> Iterator[Found]:
        """What the lines that end in this piece say."""
        lines = re.split(rb"[\r\n]", self.state + piece)
        self._left = PATIENCE + _A_LINE * len(lines) * len(self._own)
        self.state = lines.pop()
        if len(self.state) > MAX_LINE:  # still growing: keep a mark that it is too long, not its bytes
            self.state = self.state[: MAX_LINE + 1]
        for raw in lines:
            if 0 < len(raw) <= MAX_LINE:
                found = self.line(raw.decode("utf-8", "replace"))
                if found is not None:
                    yield found

    def line(self, text: str) -> Found | None:
        """What one line says, or None. ``[tune-metric]`` lines count even with ``metrics: off``.

        A line with a number that no counter reaches says nothing.
        """
        try:
            found = self._said(text)
        except (ValueError, OverflowError):  # 1.2.3 of 4, or a step of 400 digits
            return None
        return found if found is None or _is_countable(found) else None

    def _said(self, text: str) -> Found | None:
        if _TUNE in text:
            return _tune(text)
        if self._off:
            return None
        if self._own:
            return self._owned(text)
        if not self._guess:
            return None
        bar = _BAR.search(text) if "%|" in text else None
        if bar is not None:
            return _progress(text[: bar.start()], bar)
        return _guessed(text)

    def _owned(self, text: str) -> Found | None:
        values: dict[str, float] = {}
        for name, pattern in self._own.items():
            began, match = self._worked(), None
            try:
                match = pattern.search(text, timeout=self._left)
                self._left -= self._worked() - began
            except TimeoutError:
                self._left = 0.0
            if self._left <= 0:
                self.too_slow, self._own, self._off = name, {}, True
                return None
            if match is not None:
                try:
                    values[name] = float(match.group(1))
                except (TypeError, ValueError):
                    continue
        step = _STEP.search(text)
        return Found(int(step.group(2)) if step else None, values) if values else None


def _is_countable(found: Found) -> bool:
    return all(abs(number) < _MOST for number in (found.step, found.done, found.total) if number is not None)


def _tune(text: str) -> Found | None:
    """Syne Tune's line. Decoded up to the closing brace, as more text may follow on the line."""
    start = text.find("{", text.find(_TUNE))
    if start < 0:
        return None
    try:
        values, _ = json.JSONDecoder().raw_decode(text, start)
    except (ValueError, RecursionError):
        return None
    if not isinstance(values, dict):
        return None
    step = next((values[key] for key in ("step", "epoch", "iteration") if isinstance(values.get(key), int)), None)
    metrics = {
        str(key): float(value)
        for key, value in values.items()
        if isinstance(value, (int, float))
        and not isinstance(value, bool)
        and not str(key).startswith("st_")
        and key not in ("step", "epoch", "iteration")
    }
    return Found(step, metrics) if metrics else None


def _progress(before: str, bar: re.Match[str]) -> Found:
    """A tqdm bar: how far, what stands ``before`` it, and the numbers of its postfix."""
    rest = bar.group("rest") or ""
    metrics = {
        name: float(value)
        for name, value in _PAIR.findall(rest.partition(",")[2])
        if name.lower() not in _NOT_METRICS and math.isfinite(float(value))
    }
    done, total = _scaled(bar.group("done")), _scaled(bar.group("total"))
    pace = _PACE.search(rest)
    named = (pace[1] or pace[2]) if pace is not None else "it"
    unit = "step" if named == "it" else named
    text = re.split(r"[|%]", before)[-1].strip().removesuffix(":").rstrip()
    return Found(int(done) if metrics else None, metrics, done, total, unit, text)


def _guessed(text: str) -> Found | None:
    """A line that names an epoch or step and at least one number, or how far it is."""
    step = _STEP.search(text)
    if step is None:
        return None
    metrics = {name: float(value) for name, value in _PAIR.findall(text) if name.lower() not in _NOT_METRICS}
    done = float(step.group(2))
    total = float(step.group(3)) if step.group(3) else None
    if not metrics and total is None:
        return None
    unit = step.group(1).lower()
    return Found(int(done), metrics, done if total is not None else None, total, unit)


def _scaled(text: str) -> float:
    return float(text[:-1]) * _SCALE[text[-1]] if text[-1] in _SCALE else float(text)
