"""What goes along with a job: the same bytes for the same content."""

from __future__ import annotations

import io
import json
import os
import tarfile
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from jupyter_training.backends.sagemaker import packing, starting
from jupyter_training.backends.sagemaker.places import Places
from jupyter_training.backends.sagemaker.remote import Intent
from jupyter_training.core.job import BundleFile, CheckpointPolicy, ContextRef, DataFile, Instant, Keep
from jupyter_training.core.retention import Checkpoint
from jupyter_training.errors import LaunchFailed
from jupyter_training.runtime.checkpoint import sealing
from tests.backends.sagemaker.stand import Stand

BASE = "s3://bucket/jupyter-training"


@pytest.fixture
def here(tmp_path: Path) -> Stand:
    """A home without a service."""
    return Stand(tmp_path / "home", None)


def archive(here: Stand, spec: Any) -> bytes:
    kept = here.settings
    with packing.code_archive(spec, data=kept.data, blobs=kept.blobs, within=kept.home / "sagemaker") as made:
        content = made.read_bytes()
    assert [] == list((kept.home / "sagemaker").iterdir()), "nothing is left lying about"
    return content


def held(content: bytes) -> dict[str, str | None]:
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        found = {}
        for info in tar:
            assert (0, 0, 0, "") == (info.mtime, info.uid, info.gid, info.uname)
            file = tar.extractfile(info) if info.isreg() else None
            found[info.name] = file.read().decode() if file else info.linkname or None
    return found


def test_the_archive_of_the_code_is_the_same_whenever_and_wherever_it_is_made(here: Stand) -> None:
    files = {"b/two.py": b"2", "a.py": b"1"}
    bundle = [
        BundleFile(path=path, sha256=here.keep(here.settings.blobs, text), size=1) for path, text in files.items()
    ]
    spec = here.order("x").spec
    first = archive(here, spec.model_copy(update={"files": tuple(bundle)}))
    second = archive(here, spec.model_copy(update={"files": tuple(reversed(bundle)), "name": "another"}))
    assert first == second
    assert bytes(4) == first[4:8], "no time in its head"
    assert {"a.py": "1", "b/two.py": "2"} == held(first)
    key = packing.code_key(spec.model_copy(update={"files": tuple(bundle)}))
    assert key == packing.code_key(spec.model_copy(update={"files": tuple(reversed(bundle))}))
    assert key != packing.code_key(spec)


def test_a_context_comes_with_its_links_and_what_may_be_run(here: Stand, tmp_path: Path) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for name, text, mode in (("run.sh", b"#!", 0o755), ("pkg/a.txt", b"a", 0o644)):
            info = tarfile.TarInfo(name)
            info.size, info.mode, info.mtime = len(text), mode, 12345
            tar.addfile(info, io.BytesIO(text))
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, "pkg/a.txt"
        tar.addfile(link)
    ref = ContextRef(sha256=here.keep(here.settings.data, packed.getvalue()), size=3, files=2)
    spec = here.order("print(1)").spec.model_copy(update={"context": ref})
    content = archive(here, spec)
    assert {"run.sh": "#!", "pkg": None, "pkg/a.txt": "a", "link": "pkg/a.txt", "train.py": "print(1)"} == held(content)
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        assert (0o755, 0o644) == (tar.getmember("run.sh").mode, tar.getmember("train.py").mode)


def test_code_that_is_gone_is_a_launch_that_fails(here: Stand) -> None:
    spec = here.order("x").spec
    (here.settings.blobs / spec.files[0].sha256).unlink()
    with pytest.raises(LaunchFailed, match=r"'train\.py' is no longer in the home's blobs"):
        archive(here, spec)


def test_links_are_followed_but_none_that_leads_back(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "b").write_text("22")
    (folder / "again").symlink_to("deep")
    (folder / "deep" / "back").symlink_to("..")
    (tmp_path / "beside").mkdir()
    (folder / "out").symlink_to("../beside")
    (tmp_path / "beside" / "in").symlink_to("../data")
    found = [one.path for one in packing.tree(folder).files]
    assert ["again/b", "deep/b"] == found


def test_an_attempt_knows_what_those_before_it_ran(here: Stand, tmp_path: Path) -> None:
    made = Intent.of(replace(here.order("x"), spent=12.5), 1.0)
    made.write(tmp_path / "1")
    read = Intent.read(tmp_path / "1")
    assert read is not None
    assert 12.5 == read.spent


def test_a_folder_is_known_by_all_that_is_in_it(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    (folder / "deep").mkdir(parents=True)
    (folder / "a").write_text("1")
    (folder / "deep" / "b").write_text("22")
    first = packing.tree(folder)
    assert (["a", "deep/b"], 3) == ([one.path for one in first.files], first.size)
    assert first.digest == packing.tree(folder).digest
    os.utime(folder / "a", (1, 1))
    assert first.digest == packing.tree(folder).digest, "when it was written does not matter"
    (folder / "a").write_text("2")
    assert first.digest != packing.tree(folder).digest
    (folder / "a").rename(folder / "c")
    (folder / "c").write_text("1")
    assert first.digest != packing.tree(folder).digest


def test_an_input_that_is_not_there_is_a_launch_that_fails(tmp_path: Path) -> None:
    with pytest.raises(LaunchFailed, match="nowhere"):
        packing.tree(tmp_path / "nowhere")


# --- what it starts with --------------------------------------------------------------------------------------------


def saved(here: Stand, job: str, step: int) -> Checkpoint:
    """A checkpoint in the home."""
    folder = here.settings.checkpoints / job / f"step-{step:09}.1"
    folder.mkdir(parents=True)
    (folder / "state").write_text(str(step))
    sealing.seal(str(folder), step, {}, {"kind": "bytes"}, 1.0)
    digest = sha256((folder / "manifest.json").read_bytes()).hexdigest()
    return Checkpoint(job, folder.name, 1, step, Instant(1.0), 1, 1, digest, None, "bytes", None)  # type: ignore[arg-type]


def at_aws(job: str, step: int, *, at: str = f"{BASE}/checkpoints") -> Checkpoint:
    name = f"step-{step:09}.1"
    return Checkpoint(
        job,
        name,
        1,
        step,
        Instant(1.0),
        1,
        1,
        "ab" * 32,
        f"{at}/{job}/{name}",
        "bytes",
        None,  # type: ignore[arg-type]
    )


def intent(here: Stand, *found: Checkpoint) -> Intent:
    order = here.order("x")
    return Intent.of(replace(order, checkpoints=found, params={"lr": 0.1}), 1.0)


def test_checkpoints_of_its_own_come_by_themselves(here: Stand) -> None:
    job = intent(here)
    own = replace(at_aws("x", 3), job=job.job, place=f"{BASE}/checkpoints/{job.job}/step-000000003.1")
    plan = starting.plan(replace(job, checkpoints=(own,)), BASE, here.settings.checkpoints)
    assert (None, ["checkpoints"]) == (plan.uploaded, [where for _, where in plan.candidates])


def test_the_first_good_one_of_this_machine_is_sent_along(here: Stand) -> None:
    job = intent(here)
    damaged, good, older = (saved(here, job.job, step) for step in (30, 20, 10))
    (here.settings.checkpoints / job.job / damaged.name / "state").write_text("other")
    plan = starting.plan(replace(job, checkpoints=(damaged, good, older)), BASE, here.settings.checkpoints)
    assert good == plan.uploaded
    assert [(good, "start")] == list(plan.candidates)


def test_another_jobs_at_aws_is_copied_there(here: Stand) -> None:
    job = intent(here)
    other = at_aws("otherjobxx", 5)
    plan = starting.plan(replace(job, checkpoints=(other,)), BASE, here.settings.checkpoints)
    assert other == plan.uploaded


def test_one_at_a_place_that_sagemaker_cannot_read_is_a_launch_that_fails(here: Stand) -> None:
    job = intent(here)
    far = replace(at_aws("other", 5), place="gs://bucket/step-000000005.1")
    with pytest.raises(LaunchFailed, match="gs://bucket"):
        starting.plan(replace(job, checkpoints=(far,)), BASE, here.settings.checkpoints)


def test_the_order_says_all_that_the_container_needs_to_know(here: Stand) -> None:
    job = intent(here)
    plan = starting.plan(job, BASE, here.settings.checkpoints)
    places = Places.of(BASE, job=job.job, attempt=1, boot="b", code="c")
    order = json.loads(starting.order(job, plan, places, here.settings))
    assert (1, job.job, 1, job.token) == (order["version"], order["job"], order["attempt"], order["token"])
    assert ({"lr": 0.1}, "plain", None) == (order["params"], order["launcher"], order["requirements"])
    assert f"{BASE}/checkpoints/{job.job}" == order["checkpoints"]["url"]


def test_with_none_of_its_checkpoints_at_hand_nobody_begins_anew(here: Stand) -> None:
    """A disk that is not mounted yet says nothing of what is on it; what is damaged is another matter."""
    job = intent(here)
    first, second = saved(here, job.job, 3), saved(here, job.job, 5)
    folder = here.settings.checkpoints / job.job
    away = folder.rename(folder.with_name("away"))
    with pytest.raises(LaunchFailed, match="none of its checkpoints is there") as refusal:
        starting.plan(replace(job, checkpoints=(second, first)), BASE, here.settings.checkpoints)
    assert "See whether the disk that they are on is mounted" in (refusal.value.hint or "")

    away.rename(folder)

    assert second == starting.plan(replace(job, checkpoints=(second, first)), BASE, here.settings.checkpoints).uploaded


def test_the_container_is_told_which_checkpoints_stay(here: Stand) -> None:
    """It knows of one job only; what is best of a search is among the best of that."""
    policy = CheckpointPolicy(keep=Keep(experiment_best=4, trial_best=2, trial_latest=3), metric="loss", mode="max")
    job = Intent.of(here.order("x", checkpoints=policy), 1.0)
    places = Places.of(BASE, job=job.job, attempt=1, boot="b", code="c")
    order = json.loads(starting.order(job, starting.plan(job, BASE, here.settings.checkpoints), places, here.settings))
    assert {"newest": 3, "best": 4, "metric": "loss", "mode": "max"} == order["checkpoints"]["keep"]


@pytest.mark.parametrize(("said", "expected"), [(True, "auto"), (False, None), ("req/gpu.txt", "req/gpu.txt")])
def test_requirements_are_a_word_or_a_path(here: Stand, said: object, expected: object) -> None:
    job = Intent.of(here.order("x", options={"requirements": said}), 1.0)
    plan = starting.plan(job, BASE, here.settings.checkpoints)
    places = Places.of(BASE, job=job.job, attempt=1, boot="b", code="c")
    assert expected == json.loads(starting.order(job, plan, places, here.settings))["requirements"]


def test_a_value_taken_along_that_is_gone_is_a_launch_that_fails(here: Stand) -> None:
    data = DataFile(name="table", kind="npy", sha256="ab" * 32, size=1)
    with pytest.raises(LaunchFailed, match="'table' is no longer in the home's data"):
        starting.data_files([data], here.settings.data)


def test_an_intent_is_read_as_it_was_written(here: Stand, tmp_path: Path) -> None:
    job = intent(here, at_aws("x", 3))
    job.write(tmp_path / "1")
    assert job == Intent.read(tmp_path / "1")
    (tmp_path / "1" / "remote.json").write_text('{"version": 99}')
    assert Intent.read(tmp_path / "1") is None
