"""Records are there as a whole or not at all."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from jupyter_training import spool
from jupyter_training.spool import layout

SOURCE = str(Path(layout.__file__).parents[2])


def test_a_record_is_read_as_it_was_written_and_is_only_for_its_owner(tmp_path: Path) -> None:
    path = layout.exit_file(tmp_path)
    layout.write_json(path, {"exit_code": 0, "text": "ä\ud800"})
    assert {"exit_code": 0, "text": "ä\ud800"} == layout.read_json(path)
    assert 0o600 == path.stat().st_mode & 0o777
    assert [path.name] == os.listdir(tmp_path)


def test_a_shorter_record_replaces_a_longer_one(tmp_path: Path) -> None:
    path = layout.stop_file(tmp_path)
    layout.write_json(path, {"how": "cancel", "long": "x" * 1000})
    layout.write_json(path, {"how": "kill"})
    assert {"how": "kill"} == layout.read_json(path)


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"\xff\xfe", b"null", b"[" * 100_000])
def test_what_is_no_record_reads_as_none(tmp_path: Path, content: bytes) -> None:
    path = layout.end_file(tmp_path)
    path.write_bytes(content)
    assert layout.read_json(path) is None


def test_no_record_and_no_permission_are_told_apart_for_who_must_know(tmp_path: Path) -> None:
    assert layout.read_json(tmp_path / "none", strict=True) is None
    assert layout.read_json(tmp_path) is None
    with pytest.raises(IsADirectoryError):
        layout.read_json(tmp_path, strict=True)


def test_a_record_that_can_not_be_written_leaves_the_older_one_and_no_rubbish(tmp_path: Path) -> None:
    path = layout.exit_file(tmp_path)
    layout.write_json(path, {"n": 1})
    with pytest.raises(TypeError):
        layout.write_json(path, {"n": object()})
    assert {"n": 1} == layout.read_json(path)
    assert [path.name] == os.listdir(tmp_path)


def test_an_attempt_has_its_folder_below_its_job(tmp_path: Path) -> None:
    assert tmp_path / "abc" / "3" == spool.attempt_folder(tmp_path, "abc", 3)


def test_reserved_room_is_given_back_once_the_record_is_written(tmp_path: Path) -> None:
    path = layout.exit_file(tmp_path)
    assert layout.reserve(path)
    layout.write_json(path, {"n": 1})
    assert [path.name] == os.listdir(tmp_path)


def test_room_for_several_records_goes_with_each_that_replaces_another(tmp_path: Path) -> None:
    path = layout.stop_file(tmp_path)
    assert layout.reserve(path, size=4096, times=3)
    left = []
    for number in range(4):
        layout.write_json(path, {"n": number})
        left.append(len(list(tmp_path.glob("*.reserved"))))
    assert ([2, 1, 0, 0], {"n": 3}) == (left, layout.read_json(path))
    assert layout.reserve(path, size=4096, times=3)
    layout.release(path)
    assert [path.name] == os.listdir(tmp_path)


def test_on_a_full_disk_the_reserved_room_is_used(tmp_path: Path) -> None:
    """A file system of 512 kB in a namespace of its own, filled to the last byte."""
    code = textwrap.dedent("""
        import os, sys
        sys.path.insert(0, sys.argv[1])
        from jupyter_training.spool import layout
        folder = sys.argv[2]
        assert layout.reserve(folder + "/exit.json")
        filler = os.open(folder + "/filler", os.O_WRONLY | os.O_CREAT)
        try:
            while True:
                os.write(filler, b"x" * 4096)
        except OSError as error:
            assert error.errno == 28, error
        assert not layout.reserve(folder + "/end.json")
        try:
            layout.write_json(folder + "/end.json", {"n": 1})
        except OSError as error:
            print(error.errno)
        layout.write_json(folder + "/exit.json", {"n": 2})
        print(layout.read_json(folder + "/exit.json"), sorted(os.listdir(folder)))
    """)
    mount = f'mount -t tmpfs -o size=512k none "{tmp_path}" && exec "$@"'
    words = ["unshare", "--mount", "--map-root-user", "sh", "-c", mount, "sh"]
    answer = subprocess.run(
        [*words, sys.executable, "-c", code, SOURCE, str(tmp_path)], capture_output=True, text=True, check=False
    )
    if "unshare:" in answer.stderr or "mount:" in answer.stderr:
        pytest.skip("this machine allows no mounts in a namespace")
    assert ["28", "{'n': 2} ['exit.json', 'filler']"] == answer.stdout.splitlines(), answer.stderr
