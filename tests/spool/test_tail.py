"""Reading takes whatever stands in a page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_training.spool import lines, tail

POINT = b'["p",1,2,{"loss":0.5}]\n'
ABOUT = {"size": 5, "files": 1, "sha256": "ab", "place": None, "kind": "bytes", "metrics": None, "seconds": 0.1}


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One file for all the examples of a property."""
    return tmp_path_factory.mktemp("pages") / "events-1-1-0.page"


def page_of(tmp_path: Path, content: bytes) -> Path:
    page = tmp_path / "events-1-1-0.page"
    page.write_bytes(content)
    return page


def read(tmp_path: Path, content: bytes, **options: Any) -> tuple[list[Any], int, int]:
    return tail.read(page_of(tmp_path, lines.MAGIC + content), **options)


def test_each_kind_of_event_is_read(tmp_path: Path) -> None:
    events = [
        ["p", 1, 2, {"loss": 0.5, "gap": None}],
        ["p", 1, None, {"loss": 1}, "mlflow"],
        ["g", 1, 3, 10, "epoch"],
        ["g", 1, 3.5, None, "it", "training"],
        ["m", 1, {"cpu": 0.5}],
        ["n", 1, "refused", "loss: a text"],
        ["a", 1, "plots/loss.png"],
        ["f", 1, "figures/0001.png"],
        ["s", 1, "begun"],
        ["c", 1, 10, "step-000000010.1", ABOUT],
        ["c", 1, 10, "step-000000010.1.2", {**ABOUT, "place": "s3://b/c", "metrics": {"loss": 0.5}}],
        ["r", 1, 10, "step-000000010.1"],
        ["r", 1, None, None],
        ["l", 1, "step-000000010.1", 0.25],
        ["x", 1, "step-000000010.1", "state.bin is missing"],
    ]
    content = b"".join(json.dumps(event).encode() + b"\n" for event in events)
    assert (events, len(lines.MAGIC + content), 0) == read(tmp_path, content)


@pytest.mark.parametrize(
    "event",
    [
        ["c", 1, 10, "step-000000010.1"],
        ["c", 1, 10, "step-000000010.1", None],
        ["c", 1, None, "step-000000010.1", ABOUT],
        ["c", 1, -1, "step-000000010.1", ABOUT],
        ["c", 1, 10, "../step-000000010.1", ABOUT],
        ["c", 1, 10, "step-000000010.1", {**ABOUT, "size": None}],
        ["c", 1, 10, "step-000000010.1", {**ABOUT, "size": 1.5}],
        ["c", 1, 10, "step-000000010.1", {**ABOUT, "sha256": 5}],
        ["c", 1, 10, "step-000000010.1", {**ABOUT, "place": ["s3://b"]}],
        ["c", 1, 10, "step-000000010.1", {**ABOUT, "metrics": {"": 1}}],
        ["r", 1, 10, None],
        ["r", 1, 10, "step-10.1"],
        ["l", 1, "step-000000010.1", -1],
        ["l", 1, "step-000000010.1", None],
        ["l", 1, "step-10.1", 0.25],
        ["x", 1, "step-000000010.1/..", "gone"],
        ["x", 1, "step-000000010.1", None],
    ],
)
def test_what_is_told_of_a_checkpoint_is_checked(tmp_path: Path, event: list[Any]) -> None:
    """Its name becomes a path, so it must be one of ours."""
    assert ([], 1) == read(tmp_path, json.dumps(event).encode() + b"\n")[::2]


def test_reading_goes_on_where_it_stopped(tmp_path: Path) -> None:
    page = page_of(tmp_path, lines.MAGIC + POINT + b"\0" * 100)
    first, offset, _ = tail.read(page)
    assert 1 == len(first)
    assert ([], offset, 0) == tail.read(page, offset)
    with open(page, "r+b") as file:
        file.seek(offset)
        file.write(POINT * 2)
    assert 2 == len(tail.read(page, offset)[0])


def test_a_line_that_is_being_written_is_not_there_yet(tmp_path: Path) -> None:
    torn = b'["p",1,3,{"lo\0\0":0.4}]\n'
    events, offset, faults = read(tmp_path, POINT + torn + b"\0" * 50)
    assert (1, len(lines.MAGIC + POINT), 0) == (len(events), offset, faults)


def test_the_line_in_which_a_writer_was_killed_is_no_fault(tmp_path: Path) -> None:
    events, _, faults = read(tmp_path, POINT + b'["p",1,3,{"lo' + b"\0" * 50, final=True)
    assert (1, 0) == (len(events), faults)


def test_zeros_before_other_bytes_are_a_fault_once_nobody_writes_any_more(tmp_path: Path) -> None:
    content = POINT + b"\0" * 300 + POINT + b"\0" * 50
    assert 1 == len(read(tmp_path, content)[0])
    events, offset, faults = read(tmp_path, content, final=True)
    assert (2, 1) == (len(events), faults)
    assert len(lines.MAGIC + content) - 50 == offset


@pytest.mark.parametrize(
    "garbage",
    [
        b"\xff\xfe\x01 binary \x80",
        b"",
        b"null",
        b"[]",
        b'["p"]',
        b'["p",1]',
        b'["p","now",1,{"loss":1}]',
        b'["p",1,1.5,{"loss":1}]',
        b'["p",-1,1,{"loss":1}]',
        b'["p",1,1,{"loss":"high"}]',
        b'["p",1,1,{"loss":true}]',
        b'["p",1,1,{"loss":1e999}]',
        b'["p",1,1,{"":1}]',
        b'["p",1,1,{"\\ud800":1}]',
        b'["p",1,1,{"a\\u0000b":1}]',
        b'["p",1,99999999999999999999,{"loss":1}]',
        b'["p",99999999999999999999,1,{"loss":1}]',
        b'["p",1,1,{"loss":' + b"9" * 400 + b"}]",
        b'["n",1,2,3]',
        b'["g",1,"half",2,"epoch"]',
        b'["unknown",1,2]',
        b"[" * 100_000,
        b'["p",1,1,{"loss":1}',
        b'["p",1,1,{"loss":1}]]',
    ],
)
def test_garbage_is_one_fault_and_its_neighbours_are_read(tmp_path: Path, garbage: bytes) -> None:
    events, offset, faults = read(tmp_path, POINT + garbage + b"\n" + POINT)
    assert (2, 1) == (len(events), faults)
    assert len(lines.MAGIC + POINT * 2 + garbage) + 1 == offset


def test_two_halves_of_an_event_make_no_event(tmp_path: Path) -> None:
    """They would, if lines were only joined by commas."""
    events, _, faults = read(tmp_path, POINT + b'["p",1\n2,{"loss":9}]\n' + POINT)
    assert (2, 2) == (len(events), faults)


def test_numbers_that_json_lacks_are_gaps(tmp_path: Path) -> None:
    events, _, faults = read(tmp_path, b'["p",1,1,{"a":NaN,"b":Infinity,"c":-Infinity}]\n')
    assert ({"a": None, "b": None, "c": None}, 0) == (events[0][3], faults)


@pytest.mark.parametrize("size", [10_000_000, lines.MAX_LINE + 1])
def test_an_endless_line_is_skipped(tmp_path: Path, size: int) -> None:
    events, _, faults = read(tmp_path, POINT + b"x" * size + b"\n" + POINT, limit=2**30)
    assert 2 == len(events)
    assert faults >= 1


def test_a_page_without_its_head_is_read_all_the_same(tmp_path: Path) -> None:
    events, _, faults = tail.read(page_of(tmp_path, b"rubbish\n" + POINT))
    assert (1, 1) == (len(events), faults)


def test_an_empty_page_and_one_without_a_line_have_nothing(tmp_path: Path) -> None:
    assert ([], 0, 0) == tail.read(page_of(tmp_path, b""))
    assert ([], 0, 0) == tail.read(page_of(tmp_path, b"\0" * 4096))
    assert ([], 0, 0) == tail.read(page_of(tmp_path, lines.MAGIC[:5] + b"\0" * 4096))


def test_one_call_takes_about_its_limit(tmp_path: Path) -> None:
    page = page_of(tmp_path, lines.MAGIC + POINT * 100_000)
    total = offset = rounds = 0
    while True:
        events, end, faults = tail.read(page, offset, limit=300_000)
        assert faults == 0
        if end == offset:
            break
        total, offset, rounds = total + len(events), end, rounds + 1
    assert 100_000 == total
    assert 5 <= rounds <= 10


def test_pages_are_in_the_order_in_which_they_were_written(tmp_path: Path) -> None:
    names = [f"events-7-70-{number}.page" for number in (0, 1, 2, 9, 10, 11)]
    for name in [*names, "events-x.page", "log", "order.json"]:
        (tmp_path / name).touch()
    assert names == [page.name for page in tail.pages(tmp_path) if "7-70" in page.name]
    assert tail.pages(tmp_path / "none") == []


@given(st.binary(max_size=2000), st.integers(0, 2500), st.booleans())
def test_no_bytes_at_all_make_a_reader_raise_or_go_back(page: Path, content: bytes, offset: int, final: bool) -> None:
    page.write_bytes(content)
    while True:
        events, end, _ = tail.read(page, offset, final=final)
        assert end >= offset
        json.dumps(events, allow_nan=False).encode()
        if end == offset:
            break
        offset = end


_garbage = st.binary(max_size=40).map(lambda text: text.replace(b"\0", b"").replace(b"\n", b""))


@given(st.lists(st.one_of(st.none(), _garbage), max_size=30), st.integers(1, 200))
def test_all_good_lines_come_out_between_any_garbage_at_any_pace(
    page: Path, parts: list[bytes | None], limit: int
) -> None:
    body = b"".join(POINT if part is None else part + b"\n" for part in parts)
    page.write_bytes(lines.MAGIC + body + b"\0" * 64)
    found, faults, offset = 0, 0, 0
    while True:
        events, end, bad = tail.read(page, offset, limit=limit)
        found, faults = found + len(events), faults + bad
        if end == offset:
            break
        offset = end
    assert (parts.count(None), len(parts)) == (found, found + faults)


def test_a_container_s_start_comes_alone(tmp_path: Path) -> None:
    """So that what is before and behind it can be told apart by who reads pieces."""
    boot = b'["boot",1,{"run":"a"}]\n'
    page = page_of(tmp_path, lines.MAGIC + boot + POINT + POINT + boot + boot + POINT)
    pieces, offset = [], 0
    while True:
        events, end, faults = tail.read(page, offset)
        if end == offset:
            break
        assert 0 == faults
        pieces.append("".join(event[0][0] for event in events))
        offset = end
    assert ["b", "pp", "b", "b", "p"] == [one for one in pieces if one]
    assert page.stat().st_size == offset
