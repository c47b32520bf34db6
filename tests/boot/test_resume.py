"""A container that is interrupted and started again, with what was copied of its checkpoints by then."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from jupyter_training.spool import checkpoints
from tests.boot.containers import Container

Build = Callable[..., Container]

# Six steps, a checkpoint at each; stops for good where it is told to.
CODE = """
import os, pathlib, time
from jupyter_training import checkpoint, report
found = checkpoint.latest()
step = found.load()["step"] if found else 0
print("from", step, flush=True)
for step in range(step + 1, 7):
    report(loss=1 / step, step=step)
    checkpoint.save({"step": step}, step=step)
    print("saved", step, flush=True)
    while str(step) == os.environ.get("HALT"): time.sleep(0.01)
"""


def killed_at(one: Container, step: int) -> None:
    ran = one.start(HALT=str(step))
    ran.wait_for(f"saved {step}")
    ran.kill()


def restored(one: Container) -> None:
    """As a service gives the folder back: the same content, all of it new, the last written first."""
    folder = one.root / "checkpoints"
    for name in sorted(os.listdir(folder), reverse=True):
        copy = folder / f"{name}.copy"
        shutil.copytree(folder / name, copy, copy_function=shutil.copyfile)
        shutil.rmtree(folder / name)
        copy.rename(folder / name)


def test_it_goes_on_at_the_right_step_after_a_kill(container: Build) -> None:
    one = container(CODE)
    killed_at(one, 3)
    restored(one)
    ran = one.run()
    assert ("from 3", "saved 6") == (ran.printed[0], ran.printed[-1])
    assert [[3, "step-000000003.1"]] == [event[2:4] for event in ran.records("r")]
    assert [4, 5, 6] == [step for step, _ in ran.points()]
    assert 0 == ran.code
    boots = [run.record("boot")["run"] for run in one.started]
    assert 2 == len(set(boots))


def test_what_came_back_half_written_is_gone_and_in_nobodys_way(container: Build) -> None:
    """Of the same attempt, and of a process of the same number: in a new container these are what they were."""
    one = container(CODE)
    killed_at(one, 3)
    folder = one.root / "checkpoints"
    for number in range(1, 4):
        (draft := folder / f".tmp-1-{number}-1").mkdir()
        (draft / "content.json").write_text("{")
    restored(one)
    ran = one.run()
    assert ("from 3", 0) == (ran.printed[0], ran.code)
    assert [] == [name for name in os.listdir(folder) if not checkpoints.is_name(name)]


def test_marks_of_the_service_that_came_back_do_no_harm(container: Build) -> None:
    """Beside the files, and in a manifest of a version that took them for files."""
    one = container(CODE)
    killed_at(one, 3)
    folder = one.root / "checkpoints"
    for path in [path for path in folder.rglob("*") if path.is_file()]:
        Path(f"{path}.sagemaker-uploading").touch()
    manifest = folder / "step-000000003.1/manifest.json"
    said = json.loads(manifest.read_text())
    mark = {"path": "state.json.sagemaker-uploaded", "size": 0, "sha256": hashlib.sha256(b"").hexdigest()}
    manifest.write_text(json.dumps({**said, "files": [*said["files"], mark]}))
    restored(one)
    ran = one.run()
    assert ("from 3", 0) == (ran.printed[0], ran.code)
    assert [] == ran.records("x")


def test_what_was_saved_before_is_told_again(container: Build) -> None:
    """Of a checkpoint that was saved right before the end nobody may have heard."""
    one = container(CODE)
    killed_at(one, 3)
    restored(one)
    again = one.run()
    told = [(event[2], event[4]["place"]) for event in again.records("c")]
    assert [(n, f"s3://bucket/checkpoints/job/{checkpoints.name(n, 1)}") for n in range(1, 7)] == told
    first = one.started[0].records("c")
    assert [event[4]["sha256"] for event in first] == [event[4]["sha256"] for event in again.records("c")[:3]]


def test_a_checkpoint_that_came_back_by_halves_is_passed_over(container: Build) -> None:
    one = container(CODE)
    killed_at(one, 4)
    restored(one)
    folder = one.root / "checkpoints"
    state = next(path for path in (folder / "step-000000004.1").iterdir() if path.name != "manifest.json")
    os.truncate(state, state.stat().st_size - 1)
    (folder / "step-000000003.1/manifest.json").unlink()
    ran = one.run()
    assert "from 2" == ran.printed[0]
    assert [2, 3, 4, 5, 6] == [event[2] for event in ran.records("c")][1:]
    assert 0 == ran.code


def test_the_order_s_checkpoints_come_after_its_own(container: Build) -> None:
    """One of an earlier attempt that is on the same disk, and one that was found damaged there."""
    first = container(CODE, root="first")
    killed_at(first, 4)
    names = first.checkpoints()
    one = container(
        CODE,
        root="second",
        attempt=2,
        checkpoints={
            "candidates": [{"name": names[2], "step": 3, "sha256": None, "in": "checkpoints"}],
            "known": [names[2], names[3]],
        },
    )
    shutil.copytree(first.root / "checkpoints", one.root / "checkpoints")
    killed_at(one, 5)
    assert "from 3" == one.started[0].printed[0]
    restored(one)
    assert "from 5" == one.run().printed[0]


def test_it_may_begin_with_another_job_s_checkpoint(container: Build) -> None:
    first = container(CODE, root="first")
    killed_at(first, 4)
    name = first.checkpoints()[-1]
    one = container(
        CODE,
        root="second",
        checkpoints={"candidates": [{"name": name, "step": 4, "sha256": None, "in": "start"}], "base": 4},
    )
    shutil.copytree(first.root / "checkpoints" / name, one.root / "input/data/jt_start" / name)
    ran = one.run()
    assert "from 4" == ran.printed[0]
    assert ["step-000000005.1", "step-000000006.1"] == one.checkpoints()
