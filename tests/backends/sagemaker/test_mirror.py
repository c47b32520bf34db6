"""The spool of a container that is elsewhere: each line once, whenever its writer dies."""

from __future__ import annotations

import contextlib
import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from jupyter_training.backends.sagemaker import mirror as room
from jupyter_training.backends.sagemaker.lines import Lines
from jupyter_training.backends.sagemaker.mirror import Line, Mirror, NotWritten, Superseded
from jupyter_training.spool import lines as pages
from jupyter_training.spool import tail

ONE, TWO = "job/algo-1-100", "job/algo-2-100"


def record(*event: Any) -> str:
    return f"[jt] {json.dumps(event, separators=(',', ':'))}"


def point(step: int) -> str:
    return record("p", step, step, {"loss": 1 / (1 + step)})


def said(*messages: str, at: int = 1000) -> list[Line]:
    return [Line(at + number, message) for number, message in enumerate(messages)]


def events(folder: Path, *kinds: str) -> list[list[Any]]:
    """What a reader finds who takes the pages in the order of their names, as the dispatcher does."""
    found: list[list[Any]] = []
    for page in tail.pages(folder):
        start, end = -1, 0
        while start != end:
            start = end
            read, end, faults = tail.read(page, start)
            assert 0 == faults
            found += read
    return [one for one in found if one[0] != "cursor" and (not kinds or one[0] in kinds)]


def log(folder: Path) -> str:
    return (folder / "log").read_text()


# --- lines ----------------------------------------------------------------------------------------------------------


def test_records_are_told_from_what_was_printed() -> None:
    read = Lines()
    assert ["p", 1, 1, {"loss": 0.5}] == read.feed('[jt] ["p",1,1,{"loss":0.5}]\n').record
    assert "plain" == read.feed("plain").text
    assert "" == read.feed("").text
    for printed in ("[jt] nothing", '[jt] {"a":1}', "[jt] [1,2,3]", '[jt] ["p"]', '[jt]["p",1,2]'):
        assert printed == read.feed(printed).text


def test_a_record_in_parts_is_one() -> None:
    read = Lines()
    text = json.dumps(["end", 1, {"text": "x" * 500}])
    assert [None, None] == [read.feed(f"[jt<] {text[:100]}"), read.feed(f"[jt<] {text[100:200]}")]
    assert "meanwhile" == read.feed("meanwhile").text
    again = Lines(read.open)
    assert {"text": "x" * 500} == again.feed(f"[jt] {text[200:]}").record[2]
    assert "" == again.open


def test_a_record_that_is_too_long_for_the_spool_is_left_out_and_the_next_one_is_whole() -> None:
    read = Lines()
    for _ in range(8):
        read.feed("[jt<] " + "x" * 190_000)
    assert read.feed('[jt] x"]').text is not None
    assert ["p", 1, 1, {}] == read.feed('[jt] ["p",1,1,{}]').record


# --- the mirror -----------------------------------------------------------------------------------------------------


def test_what_was_printed_and_the_records_come_apart(tmp_path: Path) -> None:
    made = Mirror(tmp_path)
    made.take(ONE, said("first", point(0), "second", point(1)), "f/4")
    assert "first\nsecond\n" == log(tmp_path)
    assert [0, 1] == [one[2] for one in events(tmp_path)]


def test_other_hosts_lines_say_whose_they_are(tmp_path: Path) -> None:
    made = Mirror(tmp_path)
    made.take(ONE, said("here"), "f/1")
    made.take(TWO, said("there"), "f/1")
    assert "here\n[algo-2] there\n" == log(tmp_path)


def test_the_end_is_told_by_the_last_start_of_a_container(tmp_path: Path) -> None:
    made = Mirror(tmp_path)
    made.take(
        ONE, said(record("boot", 1, {"run": "a"}), record("end", 2, {"exit_code": 1}), record("exit", 3, {})), "1"
    )
    made.take(TWO, said(record("exit", 3, {"host": "algo-2", "exit_code": 0})), "1")
    assert ({"exit_code": 1}, {"algo-1", "algo-2"}) == (made.records.end, set(made.records.exits))
    made.take("job/algo-1-200", said(record("boot", 4, {"run": "b"})), "1")
    assert (None, {"algo-2"}, "b") == (made.records.end, set(made.records.exits), made.run)


def test_a_new_writer_goes_on_where_the_last_one_was(tmp_path: Path) -> None:
    made = Mirror(tmp_path)
    made.take(ONE, said("a", point(0), record("end", 9, {"exit_code": 0})), "f/3")
    again = Mirror(tmp_path)
    position = again.position(ONE)
    assert ("f/3", 1002, 1) == tuple(position)
    assert {"exit_code": 0} == again.records.end
    again.take(ONE, said("b", point(1)), "f/5")
    assert ("a\nb\n", [0, 1]) == (log(tmp_path), [one[2] for one in events(tmp_path, "p")])


def test_lines_of_one_time_are_counted_for_when_the_token_is_forgotten(tmp_path: Path) -> None:
    made = Mirror(tmp_path)
    made.take(ONE, [Line(5, "a"), Line(7, "b"), Line(7, "c")], "f/3")
    made.take(ONE, [Line(7, "d")], "f/4")
    assert ("f/4", 7, 3) == tuple(made.position(ONE))


class Killed(BaseException):
    """Stands for the end of the process."""


STORY = [
    (ONE, said(record("boot", 1, {"run": "a"}), "hello", point(0)), "1/3"),
    (TWO, said("other"), "2/1"),
    (ONE, said(point(1), "a", point(1), "b"), "1/7"),
    (TWO, said("one", "two"), "2/3"),
    (ONE, said(*[point(step) for step in range(2, 8)], f"[jt<] {point(8)[5:20]}"), "1/14"),
    (ONE, said(f"[jt] {point(8)[20:]}", "end", record("exit", 9, {"exit_code": 0})), "1/17"),
]


def whole(folder: Path) -> tuple[str, list[Any]]:
    made = Mirror(folder)
    for stream, messages, token in STORY:
        made.take(stream, messages, token)
    return log(folder), events(folder)


def tell(made: Mirror) -> None:
    """Read the streams on as the reader does: by the token, and first the one that was being read."""
    is_new = True
    while True:
        left = [
            (stream, number)
            for stream in (ONE, TWO)
            for number in [_number(stream, made.position(stream).token)]
            if number < len([one for one in STORY if one[0] == stream])
        ]
        if not left:
            return
        stories = {stream: [one for one in STORY if one[0] == stream] for stream in (ONE, TWO)}
        first = next((one for one in left if one[0] == made.turn), None) if made.is_behind else None
        # In the order of the story as long as nobody died; then the other way round.
        chosen = max if is_new and made.streams else min
        stream, number = first or chosen(left, key=lambda one: STORY.index(stories[one[0]][one[1]]))
        is_new = False
        _, messages, token = stories[stream][number]
        made.take(stream, messages, token)


def _number(stream: str, token: str | None) -> int:
    own = [one[2] for one in STORY if one[0] == stream]
    return 0 if token is None else own.index(token) + 1


STEPS = [(step, when) for step in ("_put", "_append", "_cursor", "_note", "take") for when in ("before", "after")]


@pytest.mark.parametrize(("step", "when"), STEPS)
def test_killed_at_any_call_of_any_step_everything_is_there_once(
    step: str, when: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "whole").mkdir()
    expected = whole(tmp_path / "whole")
    original = getattr(room.Mirror, step)
    for fatal in range(1, 60):
        folder = tmp_path / str(fatal)
        folder.mkdir()
        calls = 0

        def lethal(self: Mirror, *args: Any, fatal: int = fatal) -> Any:
            nonlocal calls
            calls += 1
            if when == "before" and calls == fatal:
                raise Killed
            result = original(self, *args)
            if when == "after" and calls == fatal:
                raise Killed
            return result

        with monkeypatch.context() as patch:
            patch.setattr(room.Mirror, step, lethal)
            try:
                tell(Mirror(folder))
                reached = False
            except Killed:
                reached = True
        printed = log(folder) if (folder / "log").exists() else ""
        tell(Mirror(folder))
        assert sorted(expected[0]) == sorted(log(folder)), f"killed at call {fatal}"
        assert log(folder).startswith(printed), f"killed at call {fatal}: somebody may have read on from there"
        assert expected[1] == events(folder), f"killed at call {fatal}"
        if not reached:
            assert fatal > 5
            return
    raise AssertionError("the step has no end")


def test_killed_twice_in_a_row_everything_is_there_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "whole").mkdir()
    expected = whole(tmp_path / "whole")
    original = pages.PageWriter.write
    for first in range(1, 20):
        for second in range(1, 12, 3):
            folder = tmp_path / f"{first}-{second}"
            folder.mkdir()
            for fatal in (first, second):
                calls = 0

                def lethal(self: pages.PageWriter, line: bytes, fatal: int = fatal) -> bool:
                    nonlocal calls
                    calls += 1
                    if calls == fatal:
                        raise Killed
                    return original(self, line)

                with monkeypatch.context() as patch:
                    patch.setattr(pages.PageWriter, "write", lethal)
                    with contextlib.suppress(Killed):
                        tell(Mirror(folder))
            tell(Mirror(folder))
            found = (sorted(log(folder)), events(folder))
            assert (sorted(expected[0]), expected[1]) == found, f"killed at {first}, then at {second}"


def test_what_a_full_disk_does_not_take_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Mirror(tmp_path)
    made.take(ONE, said("a", point(0)), "f/2")
    with monkeypatch.context() as patch:
        patch.setattr(pages.PageWriter, "write", lambda *_: False)
        with pytest.raises(NotWritten):
            made.take(ONE, said("b", point(1)), "f/4")
    again = Mirror(tmp_path)
    assert "f/2" == again.position(ONE).token
    again.take(ONE, said("b", point(1)), "f/4")
    assert ("a\nb\n", [0, 1]) == (log(tmp_path), [one[2] for one in events(tmp_path, "p")])


def test_a_writer_that_comes_back_after_another_has_taken_over_writes_nothing(tmp_path: Path) -> None:
    """As one that was suspended within a batch; the lease does not reach into its threads."""
    old = Mirror(tmp_path)
    old.take(ONE, said("a", point(0)), "f/2")
    new = Mirror(tmp_path)
    new.take(ONE, said("b", point(1)), "f/4")
    with pytest.raises(Superseded):
        old.take(ONE, said("b", point(1)), "f/4")
    assert ("a\nb\n", [0, 1]) == (log(tmp_path), [one[2] for one in events(tmp_path, "p")])


def test_a_long_unfinished_record_holds_the_cursor_back(tmp_path: Path) -> None:
    made = Mirror(tmp_path)
    text = record("end", 1, {"text": "x" * 600_000})[5:]
    made.take(ONE, said(f"[jt<] {text[:190_000]}", f"[jt<] {text[190_000:380_000]}"), "f/2")
    again = Mirror(tmp_path)
    assert again.position(ONE).token is None
    again.take(ONE, said(f"[jt<] {text[:190_000]}", f"[jt<] {text[190_000:380_000]}", f"[jt] {text[380_000:]}"), "f/3")
    assert ("f/3", 600_000) == (again.position(ONE).token, len(events(tmp_path)[0][2]["text"]))


def test_the_log_stays_under_its_cap(tmp_path: Path) -> None:
    made = Mirror(tmp_path, cap_bytes=200_000, head_bytes=50_000)
    for number in range(60):
        made.take(ONE, said("x" * 20_000), f"f/{number}")
    path = tmp_path / "log"
    assert path.stat().st_size > 1_000_000
    assert (tmp_path / "log.holes").exists()


def test_a_closed_mirror_gives_its_unused_space_back(tmp_path: Path) -> None:
    made = Mirror(tmp_path)
    made.take(ONE, said("a", point(0)), "f/2")
    (page,) = tail.pages(tmp_path)
    assert 64 * 1024 == page.stat().st_size
    made.close()
    assert page.stat().st_size < 2000
    assert "f/2" == Mirror(tmp_path).position(ONE).token


def test_a_cursor_that_somebody_printed_is_what_somebody_printed(tmp_path: Path) -> None:
    printed = '[jt] ["cursor",1,{}]'
    Mirror(tmp_path).take(ONE, said("hello", printed, "[jt<] " + "x" * 250_000), "t1")
    again = Mirror(tmp_path)
    again.take(ONE, said("hello", printed), "t1")
    assert f"hello\n{printed}\n" == log(tmp_path)
    assert 1 == again.position(ONE).same


@pytest.mark.parametrize("about", [{}, {"streams": [], "turn": 1, "log": 0, "count": 0}, {"streams": {"a": 3}}])
def test_a_cursor_that_is_none_of_ours_stops_no_reader(tmp_path: Path, about: dict[str, Any]) -> None:
    """As they may stand in pages of an earlier version, which took them from logs."""
    mirror = Mirror(tmp_path)
    mirror.take(ONE, said("hello", point(1)), "t1")
    mirror._put(json.dumps(["cursor", 1, about]).encode() + b"\n")
    again = Mirror(tmp_path)
    assert "t1" == again.position(ONE).token
    again.take(ONE, said(point(2)), "t2")
    assert [1, 2] == [one[2] for one in events(tmp_path, "p")]


@pytest.mark.parametrize("letter", ["é", "\U0001f600"])
def test_a_long_record_of_other_letters_stops_no_reader(tmp_path: Path, letter: str) -> None:
    text = json.dumps(["f", 1, letter * 200_000], ensure_ascii=False)
    mirror = Mirror(tmp_path)
    mirror.take(ONE, said("[jt] " + text, point(1)), "t1")
    assert [1] == [one[2] for one in events(tmp_path, "p")]
    assert [["f", 1, letter * 200_000]] == events(tmp_path, "f")
    Mirror(tmp_path).take(ONE, said(point(2)), "t2")
    assert [1, 2] == [one[2] for one in events(tmp_path, "p")]


def test_a_record_that_is_no_text_is_what_somebody_printed(tmp_path: Path) -> None:
    long = "\\ud800" * 180_000
    Mirror(tmp_path).take(ONE, said(f'[jt] ["f",1,"{long}"]', point(1)), "t1")
    assert [1] == [one[2] for one in events(tmp_path, "p")]


def test_what_a_start_says_after_the_next_one_began_is_not_taken_for_that_ones(tmp_path: Path) -> None:
    """Lines may be late; the end of a container that was interrupted is not the end of the one that goes on."""
    again = "job/algo-1-1000"
    mirror = Mirror(tmp_path)
    mirror.take(ONE, said(record("boot", 1, {"run": "a"}), point(1)), "t1")
    mirror.take(again, said(record("boot", 2, {"run": "b"}), point(1)), "t1")
    late = [point(2), record("exit", 3, {"signal": 15, "host": "algo-1"}), "its last words"]
    mirror.take(ONE, said(*late), "t2")
    assert ({}, None) == (mirror.records.exits, mirror.records.end)
    assert [1, 1] == [one[2] for one in events(tmp_path, "p")]
    assert [] == events(tmp_path, "exit")
    assert "its last words" in log(tmp_path)
    mirror.take(TWO, said(record("exit", 3, {"exit_code": 0, "host": "algo-2"})), "t1")
    assert ["algo-2"] == list(mirror.records.exits)


def test_who_goes_on_with_a_long_job_does_not_hold_all_that_it_said(tmp_path: Path) -> None:
    mirror = Mirror(tmp_path)
    for begin in range(0, 60_000, 5_000):
        mirror.take(ONE, said(*(point(step) for step in range(begin, begin + 5_000))), str(begin))
    tracemalloc.start()
    again = Mirror(tmp_path)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert "55000" == again.position(ONE).token
    assert most < 10e6


def test_where_no_program_of_ours_prints_nothing_is_a_record(tmp_path: Path) -> None:
    mirror = Mirror(tmp_path, has_records=False)
    mirror.take(ONE, said(point(1), record("exit", 1, {"exit_code": 0}), "[jt<] a part\r\n"), "t1")
    assert [] == events(tmp_path)
    assert 3 == log(tmp_path).count("[jt")
    assert {} == mirror.records.exits
