"""What stands in an attempt's folder before it is begun."""

from __future__ import annotations

import sys
from hashlib import sha256
from pathlib import Path

import pytest

from jupyter_training.backends.local.prepare import prepare
from jupyter_training.core.ids import JobId
from jupyter_training.core.job import BundleFile, DataFile, Instant, JobSpec
from jupyter_training.core.resources import Allocation
from jupyter_training.core.retention import Checkpoint
from jupyter_training.errors import LaunchFailed
from jupyter_training.seams.backend import AttemptRef, LaunchOrder
from jupyter_training.settings import Settings
from jupyter_training.spool import layout
from jupyter_training.testing.builders import a_spec

JOB = JobId("abcdefghij")


def keep(folder: Path, content: bytes) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    name = sha256(content).hexdigest()
    (folder / name).write_bytes(content)
    return name


def a_job(settings: Settings, **more: object) -> JobSpec:
    code = b"print(X)"
    file = BundleFile(path="train.py", sha256=keep(settings.blobs, code), size=len(code))
    return a_spec(files=(file,), environment={"python": sys.executable}, **more)


def ordered(settings: Settings, spec: JobSpec, folder: Path) -> dict[str, object]:
    order = LaunchOrder(AttemptRef(JOB, 1, "token", None), spec, Allocation("local", 1), "store", "key")
    prepare(order, folder, folder / "runtime", settings)
    found = layout.read_json(layout.order_file(folder))
    assert found is not None
    return found


def test_the_order_says_where_the_data_are_kept(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    kept = keep(settings.data, b"array")
    spec = a_job(settings, data=(DataFile(name="X", kind="npy", sha256=kept, size=5, words="array 5"),))
    order = ordered(settings, spec, tmp_path / "1")
    assert [{"name": "X", "kind": "npy", "path": str(settings.data / kept)}] == order["data"]
    assert [] == ordered(settings, a_job(settings), tmp_path / "2")["data"]


def test_data_that_are_gone_are_named_before_anything_starts(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    spec = a_job(settings, data=(DataFile(name="X", kind="npy", sha256="0" * 64, size=5),))
    with pytest.raises(LaunchFailed, match="'X' is no longer in the home's data"):
        ordered(settings, spec, tmp_path / "1")
    assert not layout.order_file(tmp_path / "1").exists()


def test_the_order_says_where_to_save_and_what_to_go_on_from(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    policy = {"to": "file:///far", "sklearn": "joblib"}
    spec = a_job(settings, params={"lr": 0.1}, pause_within=30.0, checkpoints=policy)
    one = Checkpoint(JOB, "step-000000010.1", 1, 10, Instant(1.0), 9, 1, "ab" * 32, "file:///far/x", "json", None)
    ref = AttemptRef(JOB, 2, "token", None)
    more = {"params": {"lr": 0.5}, "checkpoints": (one,), "known_checkpoints": (one.name, "damaged"), "base_step": 10}
    prepare(
        LaunchOrder(ref, spec, Allocation("local", 1), "store", "key", **more),  # type: ignore[arg-type]
        tmp_path / "2",
        tmp_path / "2" / "runtime",
        settings,
    )
    order = layout.read_json(layout.order_file(tmp_path / "2"))
    assert order is not None
    assert {
        "folder": str(settings.checkpoints / JOB),
        "to": "file:///far",
        "candidates": [{"name": one.name, "step": 10, "sha256": one.sha256, "place": one.place}],
        "known": [one.name, "damaged"],
        "base": 10,
        "sklearn": "joblib",
    } == order["checkpoints"]
    assert ({"lr": 0.5}, 30.0, False) == (order["params"], order["pause_within"], order["test"])
