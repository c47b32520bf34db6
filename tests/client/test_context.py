"""A folder as a context: what goes along, in which bytes, and what is refused."""

from __future__ import annotations

import os
import socket
import tarfile
from pathlib import Path
from typing import Any

import pytest

from jupyter_training.client import context
from jupyter_training.client.context import Packed, check_names, pack, size_words
from jupyter_training.errors import InvalidSpec, TooLarge
from jupyter_training.services.ignore_rules import IgnoreText, ignore_rules

MIB = 1024 * 1024


def ask(text: str) -> list[dict[str, Any]]:
    return [rule.model_dump() for rule in ignore_rules(IgnoreText(text=text)).rules]


def packed(folder: Path | str, *, limit: int = 95 * MIB) -> Packed:
    return pack(folder, ask, limit=limit)


def fill(root: Path, files: dict[str, str | bytes]) -> Path:
    for path, content in files.items():
        place = root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content if isinstance(content, bytes) else content.encode())
    return root


def names(found: Packed) -> list[str]:
    """Files and links of the archive, in its order."""
    with tarfile.open(found.path) as tar:
        return [info.name for info in tar if not info.isdir()]


# --- what goes along ------------------------------------------------------------------------------------------------


def test_byte_code_version_control_and_caches_stay_whatever_the_ignore_file_says(tmp_path: Path) -> None:
    left = ("__pycache__/a.pyc", "pkg/a.pyo", "b$py.class", ".git/config", ".ipynb_checkpoints/x", ".mypy_cache/y")
    fill(tmp_path, {**dict.fromkeys(left, "x"), "a.py": "x", ".trainignore": "!*.pyc\n!.git/\n!__pycache__/\n"})
    assert ["a.py"] == names(packed(tmp_path))


def test_a_work_trees_git_file_stays(tmp_path: Path) -> None:
    fill(tmp_path, {".git": "gitdir: elsewhere", "sub/.git": "gitdir: elsewhere", "sub/a": "x"})
    assert ["sub/a"] == names(packed(tmp_path))


def test_a_virtual_environment_stays(tmp_path: Path) -> None:
    fill(tmp_path, {"env/pyvenv.cfg": "home = /usr", "a.py": "x"})
    (tmp_path / "env" / "python").symlink_to("/usr/bin/python3")
    assert ["a.py"] == names(packed(tmp_path))


@pytest.mark.parametrize("file", [".trainignore", ".detignore"])
def test_negation_works_and_the_ignore_file_itself_stays(tmp_path: Path, file: str) -> None:
    fill(tmp_path, {"a.bin": "x", "keep.bin": "x", "sub/b.bin": "x", "c.txt": "x", file: "*.bin\n!keep.bin\n"})
    assert ["c.txt", "keep.bin"] == names(packed(tmp_path))


def test_both_files_count_and_ours_has_the_last_word(tmp_path: Path) -> None:
    fill(tmp_path, {"a.bin": "x", "b.bin": "x", "c.txt": "x"})
    fill(tmp_path, {".detignore": "*.bin\n", ".trainignore": "!b.bin\nc.txt\n"})
    assert ["b.bin"] == names(packed(tmp_path))


def test_only_the_files_at_the_root_count_and_others_go_along(tmp_path: Path) -> None:
    fill(tmp_path, {"sub/.trainignore": "a\n", "sub/a": "x"})
    assert ["sub/.trainignore", "sub/a"] == names(packed(tmp_path))


def test_a_path_that_is_to_stay_stays_unless_a_line_brings_it_back(tmp_path: Path) -> None:
    root = fill(tmp_path / "root", {"a.ipynb": "x", "sub/a.ipynb": "x", "b.py": "x"})
    without = [root / "a.ipynb", tmp_path / "b.py"]
    assert ["b.py", "sub/a.ipynb"] == names(pack(root, ask, limit=MIB, without=without))
    fill(root, {".trainignore": "!/a.ipynb\n"})
    assert "a.ipynb" in names(pack(root, ask, limit=MIB, without=without))


def test_rules_are_asked_for_only_where_there_are_some(tmp_path: Path) -> None:
    fill(tmp_path, {"a": "x", ".trainignore": "\n"})
    assert 1 == pack(tmp_path, lambda text: pytest.fail(f"asked for {text!r}"), limit=MIB).files


def test_hidden_files_empty_folders_and_odd_names_go_along(tmp_path: Path) -> None:
    fill(tmp_path, {".env.example": "x", "ä ö/ü.txt": "x", "x\ny": "x", "a" * 200 + "/" + "b" * 200: "x"})
    (tmp_path / os.fsdecode(b"\xff.bin")).write_text("x")
    (tmp_path / "empty").mkdir()
    found = packed(tmp_path)
    assert 5 == len(names(found)) == found.files
    with tarfile.open(found.path) as tar:
        assert tar.getmember("empty").isdir()
        assert tar.getmember(os.fsdecode(b"\xff.bin")).isreg()


def test_links_that_stay_inside_are_links(tmp_path: Path) -> None:
    fill(tmp_path, {"data/a.txt": "x", "sub/x": "x"})
    (tmp_path / "sub" / "relative").symlink_to("../data/a.txt")
    (tmp_path / "sub" / "absolute").symlink_to(tmp_path / "data")
    (tmp_path / "self").symlink_to(".")
    (tmp_path / "nowhere").symlink_to("not/there")
    found = packed(tmp_path)
    with tarfile.open(found.path) as tar:
        links = {info.name: info.linkname for info in tar if info.issym()}
    assert {"sub/relative": "../data/a.txt", "sub/absolute": "../data", "self": ".", "nowhere": "not/there"} == links


# --- the archive ----------------------------------------------------------------------------------------------------


def test_the_same_content_is_the_same_archive(tmp_path: Path) -> None:
    first = fill(tmp_path / "first", {"b.py": "x", "a/c.py": "y", "a.py": "z"})
    second = fill(tmp_path / "second", {"a.py": "z", "a/c.py": "y", "b.py": "x"})
    os.utime(second / "a.py", (1, 1))
    (second / "a.py").chmod(0o600)
    fill(second, {"__pycache__/a.pyc": "x"})
    (second / "__pycache__" / "a.pyc").unlink()
    assert packed(first).sha256 == packed(second).sha256 == packed(first).sha256
    assert packed(first).path.read_bytes() == packed(second).path.read_bytes()


@pytest.mark.parametrize("change", ["content", "name", "executable"])
def test_another_content_is_another_archive(tmp_path: Path, change: str) -> None:
    fill(tmp_path, {"a.sh": "x"})
    before = packed(tmp_path).sha256
    if change == "content":
        (tmp_path / "a.sh").write_text("y")
    elif change == "name":
        (tmp_path / "a.sh").rename(tmp_path / "b.sh")
    else:
        (tmp_path / "a.sh").chmod(0o755)
    assert before != packed(tmp_path).sha256


def test_its_size_is_that_of_the_files_and_it_is_gone_with_its_value(tmp_path: Path) -> None:
    found = packed(fill(tmp_path, {"a": "12345", "b/c": "678"}))
    assert (8, 2, "2 files, 8 B") == (found.size, found.files, found.words)
    assert {"sha256": found.sha256, "size": 8, "files": 2} == found.wire()
    place = found.path.parent
    assert place.is_dir()
    del found
    assert not place.exists()


def test_the_largest_are_named_and_a_folder_by_what_fills_it(tmp_path: Path) -> None:
    fill(tmp_path, {"a.bin": b"x" * 300, "data/raw/x.bin": b"x" * 900, "data/y": b"x" * 10, "many/a": b"x" * 100})
    fill(tmp_path, {"many/b": b"x" * 100, "empty": b""})
    assert (("data/raw/x.bin", 900), ("a.bin", 300), ("many/", 200)) == packed(tmp_path).largest


# --- what is refused ------------------------------------------------------------------------------------------------


def test_over_the_limit_the_largest_and_the_ignore_file_are_named(tmp_path: Path) -> None:
    with open(fill(tmp_path, {"a.py": "x", "b.py": b"x" * 2048}) / "big.bin", "wb") as file:
        file.truncate(96 * MIB)
    with pytest.raises(TooLarge) as caught:
        packed(tmp_path)
    words = str(caught.value)
    assert (
        "has 3 files, 96 MiB; the limit is 95 MiB. Largest: 'big.bin' (96 MiB), 'b.py' (2 KiB), 'a.py' (1 B)." in words
    )
    assert ".trainignore" in words and "context_limit_bytes" in words
    assert "context" == caught.value.errors[0].key
    fill(tmp_path, {".detignore": "big.bin\n"})
    assert 2 == packed(tmp_path).files


def test_exactly_the_limit_is_taken(tmp_path: Path) -> None:
    fill(tmp_path, {"a": b"x" * 100})
    assert 100 == packed(tmp_path, limit=100).size
    with pytest.raises(TooLarge):
        packed(tmp_path, limit=99)


def test_more_entries_than_anybody_means_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jupyter_training.client.context_walk.MOST_ENTRIES", 3)
    fill(tmp_path, {"a": "", "b": "", "c": ""})
    packed(tmp_path)
    fill(tmp_path, {"d": ""})
    with pytest.raises(TooLarge, match="more than 3 files and folders"):
        packed(tmp_path)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_file_is_no_context(here: Path) -> None:
    fill(here, {"train.py": "x", "sub/a.py": "x"})
    with pytest.raises(InvalidSpec, match=r"'train.py' is a file, and a context is a folder.* in: \."):
        packed("train.py")
    with pytest.raises(InvalidSpec, match=f"is in: {here / 'sub'}"):
        packed("sub/a.py")


def test_a_missing_folder_gets_the_near_miss(here: Path) -> None:
    fill(here, {"project/a": "x"})
    with pytest.raises(InvalidSpec, match=r"no folder 'projct' for the context\. Did you mean 'project'\?") as caught:
        packed("projct")
    assert "context" == caught.value.errors[0].key
    with pytest.raises(InvalidSpec, match="no folder 'x/y'"):
        packed("x/y")


def test_a_link_to_a_folder_is_that_folder_and_a_home_may_be_written_short(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(here, {"project/a": "x"})
    (here / "link").symlink_to("project")
    monkeypatch.setenv("HOME", str(here))
    assert packed("project").sha256 == packed("link").sha256 == packed("~/project").sha256


@pytest.mark.parametrize("target", ["/etc/passwd", "../outside", "sub/../../outside", "chain"])
def test_a_link_that_leaves_the_folder_is_refused(tmp_path: Path, target: str) -> None:
    root = fill(tmp_path / "root", {"sub/a": "x"})
    fill(tmp_path, {"outside": "x", "hidden": "x"})
    (root / "chain").symlink_to("../hidden")
    fill(root, {".trainignore": "/chain\n"})
    (root / "link").symlink_to(target)
    with pytest.raises(InvalidSpec, match=r"'link' links to '.*', outside of it\..* line /link into"):
        packed(root)
    fill(root, {".trainignore": "/chain\n/link\n"})
    assert ["sub/a"] == names(packed(root))


@pytest.mark.timeout(20)
def test_a_pipe_is_refused_by_its_name_unless_it_is_left_out(tmp_path: Path) -> None:
    os.mkfifo(fill(tmp_path, {"sub/a": "x"}) / "sub" / "pipe")
    with pytest.raises(InvalidSpec, match="'sub/pipe' is a named pipe"):
        packed(tmp_path)
    fill(tmp_path, {".trainignore": "pipe\n"})
    assert ["sub/a"] == names(packed(tmp_path))


def test_a_socket_is_refused_by_its_name(here: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("s")
        with pytest.raises(InvalidSpec, match="'s' is a socket"):
            packed(".")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes devices")
def test_a_device_is_refused_by_its_name(tmp_path: Path) -> None:
    os.mknod(tmp_path / "null", 0o20666, os.makedev(1, 3))
    with pytest.raises(InvalidSpec, match="'null' is a device"):
        packed(tmp_path)


@pytest.mark.parametrize("what", ["file", "folder", "ignore file"])
def test_what_can_not_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    """As for somebody who is not root, whom no mode keeps out."""
    fill(tmp_path, {"a": "x", "closed/b": "x", ".trainignore": "*.bin\n"})
    closed = {"file": "a", "folder": "closed", "ignore file": ".trainignore"}[what]

    def denied(real: Any) -> Any:
        def call(path: Any, *args: Any, **more: Any) -> Any:
            if not isinstance(path, int) and os.fspath(path) == str(tmp_path / closed):
                raise PermissionError(13, "Permission denied", os.fspath(path))
            return real(path, *args, **more)

        return call

    monkeypatch.setattr(os, "scandir", denied(os.scandir))
    monkeypatch.setattr(os, "open", denied(os.open))
    monkeypatch.setattr(Path, "read_bytes", denied(Path.read_bytes))
    with pytest.raises(InvalidSpec, match=rf"{closed}'? can't be read: Permission denied"):
        packed(tmp_path)


def test_an_ignore_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    fill(tmp_path, {".trainignore": b"\xff\xfe"})
    with pytest.raises(InvalidSpec, match=r"\.trainignore is not UTF-8"):
        packed(tmp_path)


@pytest.mark.parametrize("becomes", ["longer", "shorter", "a pipe", "a link", "gone"])
@pytest.mark.timeout(20)
def test_what_changes_while_it_is_packed_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, becomes: str
) -> None:
    file = fill(tmp_path, {"a": "12345"}) / "a"

    def walk(root: Path, rules: Any) -> Any:
        found = real(root, rules)
        if becomes in ("longer", "shorter"):
            file.write_text("1234567" if becomes == "longer" else "123")
        else:
            file.unlink()
            if becomes == "a pipe":
                os.mkfifo(file)
            elif becomes == "a link":
                file.symlink_to("/etc/passwd")
        return found

    real = context.walk
    monkeypatch.setattr(context, "walk", walk)
    with pytest.raises(InvalidSpec, match="'a' (changed while it was packed|can't be read)"):
        packed(tmp_path)


def test_without_room_to_pack_it_that_is_said_and_nothing_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(tmp_path / "root", {"a": "x"})
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))

    def full(_: object, piece: bytes) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch, pytest.raises(InvalidSpec, match="can't be packed in .*: No space left"):
        patch.setattr("jupyter_training.client.context_tar._Hashing.write", full)
        packed(tmp_path / "root")
    assert [] == os.listdir(tmp_path / "tmp")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "nowhere"))
    with pytest.raises(InvalidSpec, match="There is no folder to pack the context in"):
        packed(tmp_path / "root")


# --- beside the job's own code --------------------------------------------------------------------------------------


def test_the_same_file_in_both_is_no_matter(tmp_path: Path) -> None:
    fill(tmp_path, {"train.py": "x", "src/pkg/a.py": "y"})
    (tmp_path / "pkg").symlink_to("src/pkg")
    check_names(packed(tmp_path), {"train.py": b"x", "pkg/a.py": b"y", "other.py": b"z"})


def test_names_that_mean_two_things_are_listed(tmp_path: Path) -> None:
    fill(tmp_path, {"a.py": "x", "b.py": "y", "c/x.py": "z", "d": "file", "left.py": "x", ".trainignore": "left.py\n"})
    own = {"a.py": b"other", "b.py": b"y", "c/x.py": b"other", "d/e.py": b"", "left.py": b"other"}
    with pytest.raises(InvalidSpec, match=r"both have 'a\.py', 'c/x\.py', 'd/e\.py', and not the same"):
        check_names(packed(tmp_path), own)


@pytest.mark.parametrize(
    ("size", "words"),
    [(0, "0 B"), (1023, "1023 B"), (1536, "1.5 KiB"), (95 * MIB, "95 MiB"), (3 * 1024 * MIB, "3 GiB")],
)
def test_sizes_are_words(size: int, words: str) -> None:
    assert words == size_words(size)
