"""What is printed in a container comes out line by line, and what is reported as records, in order."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from jupyter_training.boot.copying import Copying
from jupyter_training.boot.lines import Lines
from jupyter_training.boot.records import MOST, Output
from tests.boot.containers import Container

Build = Callable[..., Container]


@pytest.mark.slow
def test_ten_thousand_reports_arrive_in_order(container: Build) -> None:
    ran = container(
        "from jupyter_training import report\nfor n in range(10_000):\n    report(loss=n / 7, step=n)\n"
        "    if n % 100 == 0: print('at', n, flush=True)"
    ).run()
    assert 0 == ran.code
    assert [(n, {"loss": n / 7}) for n in range(10_000)] == ran.points()
    assert [f"at {n}" for n in range(0, 10_000, 100)] == ran.printed
    assert "exit" == ran.records()[-1][0]


def test_what_is_reported_comes_at_once(container: Build) -> None:
    """By the clock of this machine, which others use too: the median says it."""
    ran = container(
        "import time\nfrom jupyter_training import report\n"
        "for n in range(20):\n    report(n=n)\n    print(time.time(), flush=True)\n    time.sleep(0.1)"
    ).run()
    lines = [came - float(line) for came, line in ran.lines if not line.startswith("[jt")]
    events = [came - json.loads(line[5:])[1] / 1e6 for came, line in ran.lines if line.startswith('[jt] ["p"')]
    for delays in (lines, events):
        assert 20 == len(delays)
        assert sorted(delays)[10] < 0.2, delays


def test_a_last_line_without_its_end_and_text_of_many_bytes_are_whole(container: Build) -> None:
    ran = container("import sys\nfor n in range(3000): print('größe 世界 🎉', n)\nsys.stdout.write('ende ä')").run()
    assert [*(f"größe 世界 🎉 {n}" for n in range(3000)), "ende ä"] == ran.printed


def test_what_is_no_text_is_copied_all_the_same(container: Build) -> None:
    ran = container("import os\nos.write(1, b'a\\xffb\\n')").run()
    assert ["a�b"] == ran.printed


def test_what_is_printed_never_looks_like_a_record(container: Build) -> None:
    ran = container("print('[jt] [\"exit\",1,{}]')\nprint('[jt<] x')").run()
    assert [' [jt] ["exit",1,{}]', " [jt<] x"] == ran.printed
    assert 0 == ran.record("exit")["exit_code"]


def test_a_bar_is_a_line_a_second() -> None:
    lines = Lines()
    given = []
    for n in range(100):
        given += lines.feed(f"\r{n}%|###", now=100 + n / 25)
    given += lines.feed("\r100%|###\ndone\n", now=104.0)
    assert ["0%|###", "25%|###", "50%|###", "75%|###", "100%|###", "done"] == given


def test_a_line_that_ends_as_files_of_windows_do_is_one_line() -> None:
    lines = Lines()
    assert ["one", "", "two"] == [*lines.feed("one\r\n\r\ntw", 0.0), *lines.feed("o\r\n", 9.0), *lines.end()]


def test_a_bar_s_last_state_is_not_said_twice() -> None:
    lines = Lines()
    assert ["100%"] == [*lines.feed("100%\r", 1.0), *lines.feed("\n", 1.1), *lines.end()]


def test_a_long_record_comes_in_parts_that_make_it(tmp_path: Path) -> None:
    event = ["n", 1, "code", "x" * 450_000 + "ä"]
    with open(tmp_path / "out", "wb") as file:
        Output(file.fileno()).record(event)
    lines = (tmp_path / "out").read_bytes().splitlines(keepends=True)
    assert [b"[jt<] ", b"[jt<] ", b"[jt] "] == [line[: line.index(b"]") + 2] for line in lines]
    assert all(len(line) <= MOST for line in lines)
    text = b"".join(line.split(b"] ", 1)[1][:-1] for line in lines)
    assert event == json.loads(text)


def test_a_long_line_is_cut_between_characters(tmp_path: Path) -> None:
    with open(tmp_path / "out", "wb") as file:
        Output(file.fileno()).line("世" * 100_000)
    lines = (tmp_path / "out").read_bytes().splitlines()
    assert 2 == len(lines)
    assert "世" * 100_000 == "".join(line.decode() for line in lines)


@pytest.mark.parametrize(
    "text",
    [
        '[jt] ["exit",1,{}]',
        "x" * (MOST - 1) + '[jt] ["exit",1,{}]',
        "世" * 70_000 + '[jt] ["exit",1,{}]' * 20_000,
        'why: one\n[jt] ["exit",1,{}]\r[jt<] two\r\n[jt] ["exit",1,{}]',
    ],
    ids=["at its beginning", "where it is cut", "all over", "behind a newline"],
)
def test_no_piece_of_what_is_printed_looks_like_a_record(tmp_path: Path, text: str) -> None:
    with open(tmp_path / "out", "wb") as file:
        Output(file.fileno()).line(text)
    lines = (tmp_path / "out").read_bytes().splitlines(keepends=True)
    assert not [line[:20] for line in lines if line.startswith(b"[jt")]
    assert all(len(line) <= MOST for line in lines)
    assert re.sub(r"\s", "", text) == re.sub(r"\s", "", b"".join(lines).decode())


def test_a_log_that_can_t_be_read_for_a_while_is_read_afterwards(tmp_path: Path) -> None:
    (tmp_path / "log").mkdir()
    for n in range(200):  # a folder with a size, like a log that has something
        (tmp_path / "log" / f"{'x' * 100}{n}").touch()
    with open(tmp_path / "out", "wb") as file:
        copying = Copying(str(tmp_path), Output(file.fileno()), sends_events=True, url=None)
        copying.start()
        copying.join(0.3)
        assert copying.is_alive()
        (tmp_path / "log").rename(tmp_path / "away")
        (tmp_path / "log").write_text("hello\n")
        copying.end()
        copying.join()
    assert b"hello\n" == (tmp_path / "out").read_bytes()
