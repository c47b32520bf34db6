"""What an archive of results may put here."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from jupyter_training.backends.sagemaker.outputs import unpack

MB = 1_000_000


def packed(*entries: tuple[str, bytes | str]) -> io.BytesIO:
    """An archive of files; a text instead of bytes makes a link to it."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as tar:
        for name, content in entries:
            info = tarfile.TarInfo(name)
            if isinstance(content, str):
                info.type, info.linkname = tarfile.SYMTYPE, content
                tar.addfile(info)
            else:
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
    made.seek(0)
    return made


def test_files_come_to_their_places_over_older_ones_and_beside_others(tmp_path: Path) -> None:
    folder = tmp_path / "outputs"
    unpack(packed(("a", b"1"), ("deep/b", b"2")), folder, limit=MB)
    unpack(packed(("a", b"3"), ("./c", b"4")), folder, limit=MB)
    found = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert {"a": b"3", "deep/b": b"2", "c": b"4"} == found
    assert ["outputs"] == [path.name for path in tmp_path.iterdir()]


@pytest.mark.parametrize("name", ["../a", "/etc/a", "b/../../a"])
def test_a_name_that_leads_out_is_refused_and_nothing_is_kept(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="leads out of it"):
        unpack(packed(("good", b"1"), (name, b"1")), tmp_path / "outputs", limit=MB)
    assert [] == list(tmp_path.iterdir())


def test_links_are_left_out(tmp_path: Path) -> None:
    unpack(packed(("link", "/etc"), ("link/passwd", b"1")), tmp_path / "outputs", limit=MB)
    assert b"1" == (tmp_path / "outputs" / "link" / "passwd").read_bytes()
    assert not (tmp_path / "outputs" / "link").is_symlink()


def test_what_unpacks_to_more_than_the_limit_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="more than 1 MB"):
        unpack(packed(("big", bytes(2 * MB))), tmp_path / "outputs", limit=MB)
    assert [] == list(tmp_path.iterdir())


def test_a_link_that_stands_in_the_way_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "outputs").mkdir()
    (tmp_path / "outputs" / "deep").symlink_to(tmp_path / "elsewhere")
    unpack(packed(("deep/b", b"2")), tmp_path / "outputs", limit=MB)
    assert [] == list((tmp_path / "elsewhere").iterdir())
