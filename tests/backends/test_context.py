"""A context's archive becomes the attempt's folder, and never anything outside of it."""

from __future__ import annotations

import os
import sys
import tarfile
from hashlib import sha256
from pathlib import Path

import pytest

from jupyter_training.backends import context
from jupyter_training.backends.context import Unusable, unpack
from jupyter_training.client.context import pack
from jupyter_training.core.job import BundleFile, ContextRef
from jupyter_training.errors import LaunchFailed
from jupyter_training.runtime import startup_hook
from jupyter_training.settings import Settings
from tests.backends.test_prepare import a_job, keep, ordered

MIB = 1024 * 1024


def fill(root: Path, files: dict[str, str]) -> Path:
    for path, content in files.items():
        place = root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(content)
    return root


def kept(settings: Settings, folder: Path) -> ContextRef:
    """A folder's context, as it stands when it was sent."""
    packed = pack(folder, lambda _: [], limit=95 * MIB)
    assert packed.sha256 == keep(settings.data, packed.path.read_bytes())
    return ContextRef(sha256=packed.sha256, size=packed.size, files=packed.files)


def made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def tree(root: Path) -> dict[str, str | None]:
    return {
        path.relative_to(root).as_posix(): None if path.is_dir() else path.read_text()
        for path in sorted(root.rglob("*"))
        if not path.is_symlink()
    }


def test_what_was_packed_stands_there_again(tmp_path: Path) -> None:
    folder = fill(tmp_path / "from", {"a.py": "x", "pkg/b.txt": "y", "run.sh": "z", "long" * 50 + "/é": "w"})
    (folder / "run.sh").chmod(0o755)
    (folder / "empty").mkdir()
    (folder / os.fsdecode(b"\xff")).write_text("odd")
    (folder / "pkg" / "link").symlink_to("../a.py")
    packed = pack(folder, lambda _: [], limit=MIB)
    unpack(packed.path, made(tmp_path / "to"))
    assert tree(folder) == tree(tmp_path / "to")
    assert "../a.py" == os.readlink(tmp_path / "to" / "pkg" / "link")
    assert os.access(tmp_path / "to" / "run.sh", os.X_OK)


def test_links_that_lead_out_by_another_one_are_refused(tmp_path: Path) -> None:
    """Each alone stays inside: only followed one after the other they do not."""
    archive = tmp_path / "a.tar"
    with tarfile.open(archive, "w") as tar:
        for name, target in (("d/e/up", "../../top"), ("d/e/out", "up/../../outside")):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = tarfile.SYMTYPE, target
            tar.addfile(info)
        top = tarfile.TarInfo("top")
        top.type = tarfile.DIRTYPE
        tar.addfile(top)
    with pytest.raises(Unusable, match="'d/e/out' that leads out of it by another link"):
        unpack(archive, made(tmp_path / "to"))


def test_more_entries_than_anybody_means_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(context, "MOST_ENTRIES", 2)
    packed = pack(fill(tmp_path / "from", {"a": "", "b": "", "c": ""}), lambda _: [], limit=MIB)
    with pytest.raises(Unusable, match="more than 2 entries"):
        unpack(packed.path, tmp_path / "to")


# --- at the launch --------------------------------------------------------------------------------------------------


def test_the_context_is_the_code_folder_and_the_working_folder(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    ref = kept(settings, fill(tmp_path / "from", {"data.txt": "x", "train.py": "print(X)"}))
    order = ordered(settings, a_job(settings, context=ref), tmp_path / "1")
    code = tmp_path / "1" / "code"
    assert (str(code), str(code)) == (order["folder"], order["code"])
    assert {"data.txt": "x", "train.py": "print(X)"} == tree(code)
    assert ref.model_dump() == order["context"]
    assert sys.executable == order["argv"][0] and "-c" not in order["argv"]


def test_a_launcher_that_was_held_up_changes_nothing_of_what_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It goes on in the middle of unpacking, after another one has launched the attempt."""
    settings = Settings(home=tmp_path / "home")
    job = a_job(settings, context=kept(settings, fill(tmp_path / "from", {"data.txt": "x"})))
    real = unpack

    def held_up(archive: Path, folder: Path) -> None:
        monkeypatch.setattr(context, "unpack", real)
        ordered(settings, job, tmp_path / "1")
        (tmp_path / "1" / "code" / "data.txt").write_text("changed by the training")
        real(archive, folder)

    monkeypatch.setattr(context, "unpack", held_up)
    ordered(settings, job, tmp_path / "1")
    assert "changed by the training" == (tmp_path / "1" / "code" / "data.txt").read_text()
    assert [] == list((tmp_path / "1").glob(".code-*"))


def test_a_launch_that_was_killed_in_the_middle_is_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(home=tmp_path / "home")
    job = a_job(settings, context=kept(settings, fill(tmp_path / "from", {"a": "x", "b": "y"})))

    class Killed(BaseException):
        """Stands for the end of the process."""

    def half(archive: Path, folder: Path) -> None:
        (folder / "a").write_text("half")
        raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(context, "unpack", half)
        ordered(settings, job, tmp_path / "1")
    ordered(settings, job, tmp_path / "1")
    assert ("x", "y") == tuple((tmp_path / "1" / "code" / name).read_text() for name in "ab")


def test_without_a_context_the_order_says_nothing_of_one(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    assert "context" not in ordered(settings, a_job(settings), tmp_path / "1")


def test_a_hook_in_the_context_comes_before_the_training(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home", hook_within=7.5)
    ref = kept(settings, fill(tmp_path / "from", {startup_hook.FILE: "true\n"}))
    order = ordered(settings, a_job(settings, context=ref), tmp_path / "1")
    words = order["argv"]
    assert isinstance(words, list)
    usual = [sys.executable, str(tmp_path / "1" / "runtime" / "job"), str(tmp_path / "1")]
    assert (sys.executable, usual) == (words[0], words[-3:])
    assert (7.5, "-I") == (order["hook_within"], words[1])


def test_a_module_may_come_through_a_link_of_the_context(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    folder = fill(tmp_path / "from", {"src/pkg/a.py": "x", "train.py": "print(X)"})
    (folder / "pkg").symlink_to("src/pkg")
    job = a_job(settings, context=kept(settings, folder))
    more = BundleFile(path="pkg/a.py", sha256=keep(settings.blobs, b"x"), size=1)
    ordered(settings, job.model_copy(update={"files": (*job.files, more)}), tmp_path / "1")
    assert {"src": None, "src/pkg": None, "src/pkg/a.py": "x", "train.py": "print(X)"} == tree(tmp_path / "1" / "code")


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"train.py": "another"}, "both have 'train.py', and not the same"),
        ({"train.py/a": "a folder"}, "both have 'train.py', and not the same"),
    ],
)
def test_names_that_mean_two_things_fail_the_launch(tmp_path: Path, files: dict[str, str], words: str) -> None:
    settings = Settings(home=tmp_path / "home")
    job = a_job(settings, context=kept(settings, fill(tmp_path / "from", files)))
    with pytest.raises(LaunchFailed, match=words):
        ordered(settings, job, tmp_path / "1")


def test_a_file_of_the_code_below_a_file_of_the_context_fails_the_launch(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    job = a_job(settings, context=kept(settings, fill(tmp_path / "from", {"pkg": "a file"})))
    more = BundleFile(path="pkg/a.py", sha256=keep(settings.blobs, b"x"), size=1)
    with pytest.raises(LaunchFailed, match=r"'pkg/a\.py' below what is a file in its context"):
        ordered(settings, job.model_copy(update={"files": (*job.files, more)}), tmp_path / "1")


def test_a_context_that_is_gone_or_none_fails_the_launch(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    gone = ContextRef(sha256="0" * 64, size=1, files=1)
    with pytest.raises(LaunchFailed, match="its context is no longer in the home's data"):
        ordered(settings, a_job(settings, context=gone), tmp_path / "1")
    content = b"no archive" * 100
    none = ContextRef(sha256=sha256(content).hexdigest(), size=1, files=1)
    keep(settings.data, content)
    with pytest.raises(LaunchFailed, match="its context is no tar archive"):
        ordered(settings, a_job(settings, context=none), tmp_path / "2")
    assert not (tmp_path / "2" / "order.json").exists()
