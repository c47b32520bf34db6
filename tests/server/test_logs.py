"""A log is followed by waiting for it, and searched where it is."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote

import pytest

from jupyter_training import spool
from jupyter_training.services import log_matches
from jupyter_training.spool import layout
from tests.server.house import House, eventually, house


@pytest.fixture(scope="module")
def living(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with house(tmp_path_factory.mktemp("logs") / "home") as living:
        yield living


def running(living: House) -> tuple[str, Path]:
    """A job with an attempt, and the attempt's log."""
    job = living.submit()
    living.dispatching().run(job)
    log = layout.log_file(spool.attempt_folder(living.settings.spool_root, job, 1))
    log.parent.mkdir(parents=True)
    log.write_bytes(b"")
    return job, log


def say(log: Path, text: str) -> None:
    with log.open("ab") as file:
        file.write(text.encode())


def test_waiting_for_a_log_ends_with_its_next_line(living: House) -> None:
    job, log = running(living)
    say(log, "first\n")
    with ThreadPoolExecutor(1) as reader:
        answer = reader.submit(living.get, f"jobs/{job}/logs?offset=6&wait=20")
        eventually(lambda: living.extension.desk.feed.listeners, what="the reader waits")  # type: ignore[union-attr]
        say(log, "second\n")
        found = answer.result(5)
    assert ("second\n", 6, 13, False) == (found["text"], found["offset"], found["next"], found["end"])


def test_waiting_for_a_log_ends_when_the_job_does(living: House) -> None:
    job, log = running(living)
    say(log, "all\n")
    with ThreadPoolExecutor(1) as reader:
        answer = reader.submit(living.get, f"jobs/{job}/logs?offset=4&wait=20")
        living.dispatching().end(job)
        assert {"text": "", "end": True} == {key: answer.result(5)[key] for key in ("text", "end")}


def test_waiting_begins_before_the_first_attempt_does(living: House) -> None:
    job = living.submit()
    with ThreadPoolExecutor(1) as reader:
        answer = reader.submit(living.get, f"jobs/{job}/logs?wait=20")
        living.dispatching().run(job)
        log = layout.log_file(spool.attempt_folder(living.settings.spool_root, job, 1))
        log.parent.mkdir(parents=True)
        say(log, "hello\n")
        assert ("hello\n", 1) == (answer.result(5)["text"], answer.result(5)["attempt"])


def test_what_is_there_already_is_not_waited_for_and_patience_ends(living: House) -> None:
    job, log = running(living)
    say(log, "here\n")
    began = time.monotonic()
    assert "here\n" == living.get(f"jobs/{job}/logs?wait=20")["text"]
    assert time.monotonic() - began < 5
    assert "" == living.get(f"jobs/{job}/logs?offset=5&wait=0.3")["text"]
    assert 400 == living.ask("GET", f"jobs/{job}/logs?wait=31").status
    assert 404 == living.ask("GET", "jobs/aaaaaaaaaa/logs?wait=20").status


def test_many_followers_hold_no_thread(living: House) -> None:
    job, log = running(living)
    with ThreadPoolExecutor(24) as readers:
        answers = [readers.submit(living.get, f"jobs/{job}/logs?wait=20") for _ in range(24)]
        began = time.monotonic()
        living.get("info")
        quick = time.monotonic() - began
        say(log, "now\n")
        assert {"now\n"} == {answer.result(10)["text"] for answer in answers}
    assert quick < 2


def matches(living: House, job: str, pattern: str, **query: object) -> dict[str, object]:
    more = "".join(f"&{name}={value}" for name, value in query.items())
    found: dict[str, object] = living.get(f"jobs/{job}/log-matches?pattern={quote(pattern, safe='')}{more}")
    return found


def test_lines_that_fit_come_with_their_place(living: House) -> None:
    job, log = running(living)
    say(log, "epoch 1 loss=0.5\nNothing\nepoch 2 LOSS=0.25\n\x1b[31mred loss\x1b[0m\nold\rnew loss\nlast loss")
    found = matches(living, job, "loss")
    assert [
        {"offset": 0, "line": 1, "text": "epoch 1 loss=0.5"},
        {"offset": 25, "line": 3, "text": "epoch 2 LOSS=0.25"},
        {"offset": 43, "line": 4, "text": "red loss"},
        {"offset": 61, "line": 5, "text": "new loss"},
        {"offset": 74, "line": 6, "text": "last loss"},
    ] == found["matches"]
    assert (1, None) == (found["attempt"], found["next"])
    by_regex = matches(living, job, r"^epoch \d loss=0\.\d$", regex="true")
    assert [1] == [one["line"] for one in by_regex["matches"]]  # type: ignore[attr-defined]


def test_links_of_a_terminal_are_no_part_of_a_line(living: House) -> None:
    job, log = running(living)
    say(log, "\x1b]8;;file:///a\x1b\\see a\x1b]8;;\x1b\\ loss\n\x1b]0;title\x07end loss\n")
    assert ["see a loss", "end loss"] == [one["text"] for one in matches(living, job, "loss")["matches"]]  # type: ignore[attr-defined]


def test_a_line_of_broken_escapes_costs_what_another_line_does(living: House) -> None:
    """Read from each of them to the line's end, these would take a minute, and hold up everybody."""
    job, log = running(living)
    say(log, "\x1b]" * 150_000 + "\n")
    began = time.monotonic()
    matches(living, job, "loss")
    assert time.monotonic() - began < 5


def test_a_search_goes_on_where_it_stopped(living: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_matches, "_PART_LINES", 7)
    monkeypatch.setattr(log_matches, "_READ_AT_MOST", 100)
    job, log = running(living)
    say(log, "".join(f"line {number}\n" for number in range(100)))
    found: list[str] = []
    at: dict[str, object] = {}
    while True:
        part = matches(living, job, "7", limit=3, **at)
        found += [one["text"] for one in part["matches"]]  # type: ignore[attr-defined]
        if part["next"] is None:
            break
        assert at.get("offset") != part["next"]
        at = {"offset": part["next"], "line": part["next_line"]}
    assert [f"line {number}" for number in range(100) if "7" in str(number)] == found


def test_a_pattern_that_is_none_is_told_at_its_column(living: House) -> None:
    job, _ = running(living)
    refused = living.ask("GET", f"jobs/{job}/log-matches?pattern=a(b&regex=true")
    assert (400, 2) == (refused.status, refused.json["errors"][0]["column"])


def test_a_pattern_that_never_ends_is_given_up_and_stops_nobody(living: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_matches, "_PATIENCE", 1.0)
    job, log = running(living)
    say(log, "a" * 60 + "!\n")
    answers: list[int] = []
    search = threading.Thread(
        target=lambda: answers.append(
            living.ask("GET", f"jobs/{job}/log-matches?pattern={quote('(a+)+$')}&regex=true").status
        )
    )
    search.start()
    began = time.monotonic()
    living.get("info")
    quick = time.monotonic() - began
    search.join(20)
    assert [400] == answers
    assert quick < 0.9
