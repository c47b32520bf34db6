"""A log is read by offsets that never move."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_training.spool import layout, log


def log_of(folder: Path, content: bytes, *holes: tuple[int, int], is_over: bool = False) -> Path:
    (folder / layout.LOG).write_bytes(content)
    (folder / layout.HOLES).write_text("".join(f"{json.dumps([*hole, 2**30])}\n" for hole in holes))
    if is_over:
        (folder / layout.EXIT).write_text("{}")
    return folder


def whole(folder: Path, limit: int) -> str:
    """All of it, piece by piece, as somebody who follows it."""
    text, offset = "", 0
    while True:
        piece = log.read(folder, offset, limit)
        if piece.next == offset:
            return text
        text, offset = text + piece.text, piece.next


def test_there_may_be_no_log(tmp_path: Path) -> None:
    assert 0 == log.size(tmp_path)
    assert ("", 7) == log.read(tmp_path, 7, 100)


def test_pieces_by_offset(tmp_path: Path) -> None:
    log_of(tmp_path, b"one\ntwo\nthree\n")
    assert 14 == log.size(tmp_path)
    assert ("one\n", 4) == log.read(tmp_path, 0, 4)
    assert ("two\nthree\n", 14) == log.read(tmp_path, 4, 100)
    assert ("", 14) == log.read(tmp_path, 14, 100)
    assert ("", 99) == log.read(tmp_path, 99, 100)


def test_a_character_is_not_cut(tmp_path: Path) -> None:
    log_of(tmp_path, "aä€😀".encode())
    assert ("a", 1) == log.read(tmp_path, 0, 2)
    assert ("ä", 3) == log.read(tmp_path, 1, 4)
    assert ("😀", 10) == log.read(tmp_path, 6, 4)


def test_a_character_of_which_half_is_written_waits_for_the_other_half(tmp_path: Path) -> None:
    log_of(tmp_path, "a€".encode()[:-1])
    assert ("a", 1) == log.read(tmp_path, 0, 100)
    assert ("", 1) == log.read(tmp_path, 1, 100)
    log_of(tmp_path, "a€".encode())
    assert ("€", 4) == log.read(tmp_path, 1, 100)


def test_half_a_character_at_the_end_for_good_is_replaced(tmp_path: Path) -> None:
    log_of(tmp_path, "a€".encode()[:-1], is_over=True)
    assert "a\ufffd" == whole(tmp_path, 100)


def test_binary_garbage_is_text_with_replacements(tmp_path: Path) -> None:
    log_of(tmp_path, bytes(range(256)) * 10, is_over=True)
    text = whole(tmp_path, 100)
    assert "\ufffd" in text
    assert "ABC" in text


def test_a_hole_reads_as_one_line_and_moves_nothing(tmp_path: Path) -> None:
    content = b"a" * 100 + b"\0" * 3_000_000 + b"z" * 100
    log_of(tmp_path, content, (100, 1_000_000), (1_000_000, 3_000_100))
    assert ("a" * 100, 100) == log.read(tmp_path, 0, 1000)
    piece = log.read(tmp_path, 100, 1000)
    assert ("\n[ 2.86 MB left out here: over the limit of 1 GB ]\n", 3_000_100) == piece
    assert ("z" * 100, 3_000_200) == log.read(tmp_path, piece.next, 1000)
    assert 3_000_100 == log.read(tmp_path, 2_000_000, 1000).next


def test_damaged_notes_of_holes_are_passed_over(tmp_path: Path) -> None:
    log_of(tmp_path, b"abcdef")
    (tmp_path / layout.HOLES).write_bytes(b'\xff\n[1]\n["a","b",3]\n[3,2,1]\n[2,4,1]\n[9')
    assert [(2, 4, 1)] == log.holes(tmp_path)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("logs")


@given(st.binary(max_size=300), st.integers(1, 50))
def test_every_byte_is_read_once_whatever_the_pieces(folder: Path, content: bytes, limit: int) -> None:
    log_of(folder, content, is_over=True)
    offset = 0
    while offset < len(content):
        piece = log.read(folder, offset, limit)
        assert offset < piece.next <= offset + limit
        offset = piece.next


@given(st.text(max_size=100), st.integers(4, 50))
def test_text_comes_out_as_it_was_printed_whatever_the_pieces(folder: Path, text: str, limit: int) -> None:
    content = text.encode("utf-8", "replace")
    log_of(folder, content, is_over=True)
    assert content.decode() == whole(folder, limit)
