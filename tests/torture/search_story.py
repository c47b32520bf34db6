"""A story of a search is played here, and what must hold after it is checked."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jupyter_training.core import search_jobs
from jupyter_training.core.experiment import Event, EventKind, ExperimentState
from jupyter_training.core.job import Retries
from jupyter_training.core.lifecycle import TERMINAL, JobState
from jupyter_training.store import driving, views
from jupyter_training.tuning.driver import Driver
from jupyter_training.tuning.making import making
from tests.torture import faults
from tests.torture.processes import kill, of_home, supervisor
from tests.torture.search_house import House
from tests.torture.search_plan import KINDS, SearchStory

__all__ = ["Undisturbed", "play"]

_OFTEN = Retries(max=1000, on=("error", "lost"))  # a driver that we kill more often than a product would
_WITHIN = 240.0


@dataclass(frozen=True)
class Record:
    """What of a record does not depend on how fast anybody was."""

    steps: tuple[tuple[object, ...], ...]
    ends: tuple[tuple[int | None, str], ...]
    configs: tuple[object, ...]


class Undisturbed:
    """The records of searches that nothing happened to, each played when it is first asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[str, Record] = {}

    def of(self, kind: str) -> Record:
        if kind not in self._known:
            with _house(self._folder / kind.replace(" ", "-")) as house:
                house.search(**KINDS[kind].wish)
                house.ended()
                self._known[kind] = _record(house)
        return self._known[kind]


def play(folder: Path, story: SearchStory, undisturbed: Undisturbed) -> int:
    """Play it to its end, and check all that must hold; the number of faults that happened.

    Raises:
        AssertionError: what does not hold.
    """
    expected = undisturbed.of(story.kind)
    with _house(folder / "house") as house:
        for number, fault in enumerate(story.faults):
            faults.put(str(house.faults), number, fault)
        house.search(**_retried(story.search.wish))
        if any(fault.act == faults.STOP for fault in story.faults):
            _succeed(house)
        killed = _until_it_ends(house, story)
        try:
            _check(house, story, expected)
        except AssertionError as error:
            error.add_note(house.story())
            raise
        happened = faults.fired(str(house.faults))
        left = [fault for number, fault in enumerate(story.faults) if number not in happened]
        assert not (story.all_happen and left), f"nobody came to these steps: {left}\n{house.story()}"
        return len(happened) + killed


@contextmanager
def _house(folder: Path) -> Iterator[House]:
    before, search_jobs._RETRIES = search_jobs._RETRIES, _OFTEN
    house = House(folder)
    try:
        yield house
    except BaseException:
        house.abandon()
        raise
    finally:
        search_jobs._RETRIES = before
    house.close()


def _retried(wish: dict[str, Any]) -> dict[str, Any]:
    return {**wish, "retries": {"max": 10, "on": ["error", "lost"]}}


def _until_it_ends(house: House, story: SearchStory) -> int:
    """Let it go on, killing trials as the story says; how many were."""
    waiting, killed = list(story.trials), 0

    def over() -> bool:
        nonlocal killed
        reports = sum(what == "step" for _, _, _, what, *_ in house.witness())
        if waiting and reports >= waiting[0]:
            killed += _kill_a_trial(house, by_supervisor=waiting.pop(0) in story.supervisors)
        return house.experiment().state.is_final and all(job.state in TERMINAL for job in house.jobs())

    house.until(over, f"{story.name} is over", within=_WITHIN)
    return killed


def _kill_a_trial(house: House, *, by_supervisor: bool) -> bool:
    for trial in house.trials():
        if trial.outcome is None and not trial.is_held:
            if by_supervisor:
                number = views.job(house.site.store, trial.job).attempt
                return kill(supervisor(house.home, trial.job, number))
            return kill(house.process(trial.job))
    return False


def _succeed(house: House) -> None:
    """Once the driver is suspended, drive the search from here to its end; then the suspended one goes on."""
    pid: int = house.until(lambda: next(iter(faults.fired(str(house.faults)).values()), None), "it is suspended")
    attempt = house.experiment().driver + 1
    if _holds_the_store(house):
        os.kill(pid, signal.SIGCONT)  # it sleeps inside a transaction, and nobody writes before that is over
        return
    driver = Driver(house.site, house.id, attempt, making)

    def over() -> bool:
        driver.look()
        return driver.is_over()

    house.until(over, "the search is over")
    before = _all(house)
    os.kill(pid, signal.SIGCONT)
    house.until(lambda: house.driver().state in TERMINAL, "the suspended driver has noticed")
    assert before == _all(house), "a driver that was succeeded wrote something"
    assert JobState.SUCCEEDED is house.driver().state, "it knows that it was succeeded, and goes in good order"


def _holds_the_store(house: House) -> bool:
    """Whether nobody can write now."""
    import sqlite3

    connection = sqlite3.connect(house.site.settings.jobs_file, timeout=0.5)
    try:
        connection.execute("BEGIN IMMEDIATE")
        connection.rollback()
    except sqlite3.OperationalError:
        return True
    finally:
        connection.close()
    return False


def _all(house: House) -> tuple[object, ...]:
    standing = driving.standing(house.site.store, house.id)
    return (tuple(house.events()), tuple(house.trials()), standing)


def _check(house: House, story: SearchStory, expected: Record) -> None:
    trials, events = house.trials(), house.events()
    assert ExperimentState.SUCCEEDED is house.experiment().state
    assert list(range(len(expected.configs))) == [trial.number for trial in trials], "other trials than undisturbed"
    jobs = [job for job in _of_search(house) if job.trial is not None]
    assert sorted(trial.job for trial in trials) == sorted(job.id for job in jobs), "a job without a trial"
    assert all(count == 1 for count in Counter(job.trial for job in jobs).values()), "a number was given twice"
    assert all(trial.outcome is not None for trial in trials), "a trial without an end"
    assert list(range(1, len(events) + 1)) == [event.n for event in events], "the record has a gap"
    told = Counter(
        (event.trial, event.body["count"])
        for event in events
        if event.kind is EventKind.TELL and event.verdict != "ignored"
    )
    assert all(count == 1 for count in told.values()), f"a report was told twice: {told}"
    assert all(event.verdict is not None for event in events if event.kind is EventKind.TELL), "a report without a word"
    words = [what for _, _, _, what, *_ in house.witness()]
    assert "TWICE" not in words, "a trial ran twice at once"
    asked = [event.body["config"] for event in events if event.kind is EventKind.ASK]
    assert [trial.config for trial in trials] == asked, "a trial that is not on record as it is"
    found = _record(house)
    assert expected.configs == found.configs
    if story.search.is_repeatable:
        assert expected.steps == found.steps, "another record than the undisturbed one"
        assert expected.ends == found.ends
    spools = str(house.site.settings.spool_root).encode()
    _eventually(
        lambda: not [one for one in of_home(house.site.settings.spool_root) if one != os.getpid()],
        f"no process of a job is left: {spools!r}",
    )


def _of_search(house: House) -> list[Any]:
    from sqlalchemy import select

    from jupyter_training.store.rows import jobs_of
    from jupyter_training.store.tables import jobs

    with house.site.store.read() as connection:
        rows = connection.execute(select(jobs).where(jobs.c.experiment == house.id))
        return jobs_of(connection, house.site.store.specs, rows)


def _record(house: House) -> Record:
    """Times, and what came between a verdict and its effect, are left out; so is where the ends stand among others."""
    events = house.events()
    steps = tuple(
        _said(event)
        for event in events
        if event.kind is not EventKind.END and not (event.kind is EventKind.TELL and event.verdict == "ignored")
    )
    ends = tuple(sorted((event.trial, event.body["outcome"]) for event in events if event.kind is EventKind.END))
    configs = tuple(_own(event.body["config"]) for event in events if event.kind is EventKind.ASK)
    return Record(steps, ends, configs)


def _said(event: Event) -> tuple[object, ...]:
    body = {name: value for name, value in event.body.items() if name not in ("time", "config")}
    return (event.kind, event.trial, repr(sorted(body.items())), event.verdict)


def _own(config: dict[str, Any]) -> tuple[object, ...]:
    return tuple(sorted((name, value) for name, value in config.items() if name == "x"))


def _eventually(so: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + 20
    while not so():
        assert time.monotonic() < end, what
        time.sleep(0.1)
