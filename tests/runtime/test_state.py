"""A state in a folder: there as a whole or not at all, whoever is killed; other people's files stay."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from jupyter_training.runtime import state, update_history


def made(folder: Path, text: str) -> Path:
    """A finished state, ready to be published."""
    folder.mkdir(parents=True)
    for name in (state.MODEL, state.LEARNER):
        (folder / name).write_text(f"{name} {text}")
    update_history.write(
        folder / state.HISTORY, [], 0, [update_history.row(0, 1, {"a": 1.0}, {"lr": text})], ["a", "config_lr"]
    )
    state.seal(str(folder), {}, {"update_id": 0, "text": text})
    return folder


def published(place: Path, folder: Path, text: str) -> None:
    state.at(str(place)).publish(str(made(folder, text)))


def is_whole(folder: Path) -> str:
    """Which state lies in a folder, every file of it of the same; raises if it is a mixture."""
    about = state.about(str(folder))
    text = about["updates"][-1]["text"]
    assert f"{state.MODEL} {text}" == (folder / state.MODEL).read_text()
    assert f"{state.LEARNER} {text}" == (folder / state.LEARNER).read_text()
    assert text in (folder / state.HISTORY).read_text()
    return str(text)


def test_it_is_moved_and_fetched_again(tmp_path: Path) -> None:
    published(tmp_path / "deep" / "state", tmp_path / "made", "one")
    assert not (tmp_path / "made").exists()
    assert {*state.FILES} == {one.name for one in (tmp_path / "deep" / "state").iterdir()}
    about = state.at(f"file://{tmp_path}/deep/state").fetch(str(tmp_path / "copy"))
    assert "one" == is_whole(tmp_path / "copy") == about["updates"][0]["text"]
    assert ["deep"] == sorted(one.name for one in tmp_path.iterdir() if one.name != "copy")
    assert ["state"] == [one.name for one in (tmp_path / "deep").iterdir()]  # nothing half-made beside it


def test_what_others_have_there_stays_and_what_was_there_is_replaced(tmp_path: Path) -> None:
    published(tmp_path / "state", tmp_path / "made", "one")
    (tmp_path / "state" / "README").write_text("mine")
    (tmp_path / "state" / "more").mkdir()
    (tmp_path / "state" / "more" / "file").write_text("deep")
    (tmp_path / "state" / "link").symlink_to("README")
    published(tmp_path / "state", tmp_path / "made", "two")
    assert "two" == is_whole(tmp_path / "state")
    assert "mine" == (tmp_path / "state" / "link").read_text()
    assert (tmp_path / "state" / "link").is_symlink()
    assert "deep" == (tmp_path / "state" / "more" / "file").read_text()


def test_a_link_to_the_folder_stays_one(tmp_path: Path) -> None:
    published(tmp_path / "real", tmp_path / "made", "one")
    (tmp_path / "link").symlink_to("real")
    published(tmp_path / "link", tmp_path / "made", "two")
    assert (tmp_path / "link").is_symlink()
    assert "two" == is_whole(tmp_path / "real")


def test_a_mount_point_gets_one_file_after_the_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Such a folder can't be exchanged; what says which files belong together comes last."""
    published(tmp_path / "state", tmp_path / "made", "one")

    def busy(new: str, target: str) -> None:
        raise OSError(errno.EBUSY, "busy")

    monkeypatch.setattr(state, "_exchange", busy)
    order: list[str] = []
    replace = os.replace
    monkeypatch.setattr(os, "replace", lambda a, b: (order.append(os.path.basename(b)), replace(a, b))[1])
    folder = made(tmp_path / "made", "two")
    order.clear()
    state.at(str(tmp_path / "state")).publish(str(folder))
    assert "two" == is_whole(tmp_path / "state")
    assert state.ABOUT == order[-1]


def test_without_an_exchange_two_renames_do_and_a_death_between_them_is_mended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    published(tmp_path / "state", tmp_path / "made", "one")
    monkeypatch.setattr("ctypes.CDLL", lambda *_, **__: (_ for _ in ()).throw(OSError()))
    published(tmp_path / "state", tmp_path / "made", "two")
    assert "two" == is_whole(tmp_path / "state")
    os.rename(tmp_path / "state", tmp_path / ".state.old-1")  # it died here
    assert "two" == state.at(str(tmp_path / "state")).fetch(str(tmp_path / "copy"))["updates"][0]["text"]
    assert [] == list(tmp_path.glob(".state*"))


def test_nothing_to_begin_with_and_a_damaged_one_are_said(tmp_path: Path) -> None:
    with pytest.raises(state.NoState, match="is not there"):
        state.at(str(tmp_path / "state")).fetch(str(tmp_path / "copy"))
    (tmp_path / "state").mkdir()
    with pytest.raises(state.NoState, match=r"has no model\.ckpt"):
        state.at(str(tmp_path / "state")).fetch(str(tmp_path / "copy"))
    (tmp_path / "state" / state.MODEL).write_text("of another system")
    assert {} == state.at(str(tmp_path / "state")).fetch(str(tmp_path / "copy"))
    published(tmp_path / "state", tmp_path / "made", "one")
    (tmp_path / "state" / state.MODEL).write_text("other")
    with pytest.raises(state.NoState, match=r"damaged: model\.ckpt"):
        state.at(str(tmp_path / "state")).fetch(str(tmp_path / "copy"))


def test_files_that_are_still_being_uploaded_are_left_where_they_are(tmp_path: Path) -> None:
    published(tmp_path / "state", tmp_path / "made", "one")
    (tmp_path / "state" / "model.ckpt.sagemaker-uploading").write_text("half")
    state.at(str(tmp_path / "state")).fetch(str(tmp_path / "copy"))
    assert {*state.FILES} == {one.name for one in (tmp_path / "copy").iterdir()}


def test_another_kind_of_place_is_refused_in_words() -> None:
    with pytest.raises(ValueError, match="gs://bucket/x: a state is kept in a folder or below s3://BUCKET/FOLDER"):
        state.at("gs://bucket/x")


KILLED = """\
import os, signal, sys
from jupyter_training.runtime import state
left = int(sys.argv[3])
def counting(name, function):
    def counted(*args, **more):
        global left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*args, **more)
    return counted
for name in ("mkdir", "link", "rename", "fsync", "rmdir", "unlink", "open"):
    setattr(os, name, counting(name, getattr(os, name)))
state._exchange = counting("exchange", state._exchange)
state.at(sys.argv[1]).publish(sys.argv[2])
"""


def test_killed_at_any_place_it_is_the_one_before_or_the_new_one(tmp_path: Path) -> None:
    """Every step that changes something on the disk is one to die at; who publishes again afterwards succeeds."""
    program = tmp_path / "killed.py"
    program.write_text(KILLED)
    seen = set()
    for step in range(200):
        here = tmp_path / str(step)
        published(here / "state", here / "first", "one")
        folder = made(here / "made", "two")
        words = [sys.executable, str(program), str(here / "state"), str(folder), str(step)]
        done = subprocess.run(words, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}, check=False)
        if done.returncode == 0:
            break
        assert -signal.SIGKILL == done.returncode
        seen.add(is_whole(here / "state"))
        shutil.rmtree(here / "made", ignore_errors=True)
        published(here / "state", here / "made", "three")
        assert "three" == is_whole(here / "state")
    else:
        pytest.fail("it never came to its end")
    assert {"one", "two"} == seen
    assert step > 10


def test_history_joins_updates_with_other_columns(tmp_path: Path) -> None:
    file = tmp_path / "hpo.csv"
    rows = [update_history.row(0, 1, {"acc": 0.5}, {"lr": 0.1}), update_history.row(1, 1, {"acc": None}, {"lr": 0.2})]
    update_history.write(file, [], 0, rows, ["acc", "config_lr"])
    before = update_history.read(file)
    assert 1 == update_history.next_update(before)
    second = [update_history.row(0, 1, {"acc": 0.7, "loss": 1.0}, {"lr": 0.3, "width": 8})]
    update_history.write(file, before, 1, second, ["acc", "loss", "config_lr", "config_width"])
    assert [
        "update_id,trial_id,epoch,acc,loss,config_lr,config_width",
        "0,0,1,0.5,,0.1,",
        "0,1,1,,,0.2,",
        "1,0,1,0.7,1.0,0.3,8",
    ] == file.read_text().splitlines()


def test_the_configurations_of_a_history_the_newest_update_and_the_best_first() -> None:
    rows = [
        {"update_id": update, "acc": value, "config_lr": lr, "config_opt": "SGD"}
        for update, value, lr in [("0", "0.9", "0.1"), ("1", "0.5", "0.2"), ("1", "0.6", "0.3"), ("1", "", "0.4")]
    ]
    found, lacking = update_history.configurations(rows, ["lr", "opt"], "acc", "max")
    assert ([0.3, 0.2, 0.1], []) == ([one["lr"] for one in found], lacking)
    assert ([], ["width"]) == update_history.configurations(rows, ["lr", "width"], "acc", "max")


def test_what_is_no_history_is_refused(tmp_path: Path) -> None:
    (tmp_path / "hpo.csv").write_text("a,b\n1,2\n")
    with pytest.raises(ValueError, match="has no column update_id"):
        update_history.read(tmp_path / "hpo.csv")
    assert [] == update_history.read(tmp_path / "none.csv")
    assert json.loads(json.dumps(update_history.row(0, None, {}, {}))) == {"trial_id": 0, "epoch": ""}
