"""A checkpoint's name is safe as a path, and its check notices every kind of damage."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_training.spool import checkpoints

whole_numbers = st.integers(0, 10**9 - 1)


@given(st.integers(0, 10**15 - 1), whole_numbers, st.integers(1, 10**9 - 1))
def test_a_name_says_what_it_is_made_of(step: int, attempt: int, count: int) -> None:
    assert (step, attempt, count) == checkpoints.parts(checkpoints.name(step, attempt, count))


@given(st.lists(st.tuples(st.integers(0, 10**9 - 1)), min_size=2, max_size=5))
def test_names_of_one_attempt_sort_by_step(steps: list[tuple[int]]) -> None:
    names = [checkpoints.name(step, 1) for (step,) in steps]
    assert sorted(steps) == [(checkpoints.parts(name) or (0, 0, 0))[:1] for name in sorted(names)]


@pytest.mark.parametrize(
    "text",
    [
        *["", "..", "step-1.1", "step-000000001.1/..", "../step-000000001.1", "step-000000001", "step-000000001.1\n"],
        *["step-00000000\N{ARABIC-INDIC DIGIT ONE}.1", ".tmp-1-2-3", "step-000000001.1.2.3", None, 5],
    ],
)
def test_nothing_else_is_a_name(text: object) -> None:
    assert not checkpoints.is_name(text)


def written(folder: Path, contents: dict[str, bytes], **changes: object) -> str:
    """A checkpoint with these files; its manifest's hash."""
    folder.mkdir(parents=True, exist_ok=True)
    said = []
    for path, content in contents.items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_bytes(content)
        said.append({"path": path, "size": len(content), "sha256": hashlib.sha256(content).hexdigest()})
    content = json.dumps({"version": 1, "step": 3, "files": said, **changes}).encode()
    (folder / "manifest.json").write_bytes(content)
    return hashlib.sha256(content).hexdigest()


def test_a_whole_one_has_no_fault(tmp_path: Path) -> None:
    sha256 = written(tmp_path / "a", {"x": b"1", "deep/y": b"2" * 3_000_000, "empty": b""})
    assert checkpoints.fault(tmp_path / "a") is None
    assert checkpoints.fault(tmp_path / "a", sha256) is None
    (tmp_path / "a" / "more").write_text("what nobody named does no harm")
    assert checkpoints.fault(tmp_path / "a", sha256) is None


@given(data=st.data())
def test_any_byte_that_differs_is_noticed(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    folder = tmp_path_factory.mktemp("any")
    sha256 = written(folder, {"x": b"some content", "y": b"\0"})
    path = folder / data.draw(st.sampled_from(["x", "y", "manifest.json"]))
    content = bytearray(path.read_bytes())
    content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    path.write_bytes(content)
    fault = checkpoints.fault(folder, sha256)
    assert fault is not None
    assert "has changed since it was written" in fault


@pytest.mark.parametrize("path", ["/etc/passwd", "../outside", "deep/../../outside"])
def test_a_manifest_that_leads_out_is_not_followed(tmp_path: Path, path: str) -> None:
    (tmp_path / "outside").write_text("x")
    named = [{"path": path, "size": 1, "sha256": checkpoints.digest(tmp_path / "outside")}]
    written(tmp_path / "a", {}, files=named)
    assert f"{path!r} leads out of it" == checkpoints.fault(tmp_path / "a")


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "null", '{"files": 5}', '{"files": [{"path": "x"}]}', "[" * 100_000]
)
def test_a_manifest_that_is_none_is_a_fault(tmp_path: Path, content: str) -> None:
    (tmp_path / "manifest.json").write_text(content)
    assert "its manifest.json can't be read" == checkpoints.fault(tmp_path)


def test_where_there_is_nothing_it_is_missing(tmp_path: Path) -> None:
    assert "it is missing" == checkpoints.fault(tmp_path / "none")
    assert "its manifest.json is missing" == checkpoints.fault(tmp_path)
    assert checkpoints.read(tmp_path) is None
