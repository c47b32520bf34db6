"""What stands in an attempt's folder before it is begun."""

from __future__ import annotations

import json
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

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
ONE_SLOT = Allocation("local", 1)
DEVICES = ("CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "NVIDIA_VISIBLE_DEVICES")
THREADS = (
    *("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS"),
    "LOKY_MAX_CPU_COUNT",
)


def keep(folder: Path, content: bytes) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    name = sha256(content).hexdigest()
    (folder / name).write_bytes(content)
    return name


def a_job(settings: Settings, **more: object) -> JobSpec:
    code = b"print(X)"
    file = BundleFile(path="train.py", sha256=keep(settings.blobs, code), size=len(code))
    environment = {"python": sys.executable, **more.pop("environment", {})}  # type: ignore[dict-item]
    return a_spec(files=(file,), environment=environment, **more)


def ordered(
    settings: Settings, spec: JobSpec, folder: Path, *, given: Allocation = ONE_SLOT, hides: bool = False
) -> dict[str, Any]:
    order = LaunchOrder(AttemptRef(JOB, 1, "token", None), spec, given, "store", "key", hides_devices=hides)
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


def test_an_attempt_sees_the_devices_that_it_was_given_and_by_whose_numbers(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    own = dict.fromkeys((*DEVICES, "ROCR_VISIBLE_DEVICES"), "7") | {"CUDA_DEVICE_ORDER": "FASTEST_FIRST"}
    spec = a_job(settings, environment={"variables": own})
    env = ordered(settings, spec, tmp_path / "1", given=Allocation("lab", 2, ("3", "1")), hides=True)["env"]
    assert {"3,1"} == {env[name] for name in DEVICES}
    assert "PCI_BUS_ID" == env["CUDA_DEVICE_ORDER"]
    assert "ROCR_VISIBLE_DEVICES" not in env  # it would choose among the two once more


def test_devices_that_nobody_asked_for_are_hidden_only_where_they_are_given_out(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    spec = a_job(settings, environment={"variables": {"CUDA_VISIBLE_DEVICES": "0"}})
    hidden = ordered(settings, spec, tmp_path / "1", hides=True)["env"]
    assert ["", "", ""] == [hidden[name] for name in DEVICES]
    seen = ordered(settings, spec, tmp_path / "2")["env"]
    assert ["0", None, None] == [seen.get(name) for name in DEVICES]


def test_a_value_handed_over_beside_the_wish_chooses_no_device_either(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    spec = a_job(settings, environment={"pass_env": ["CUDA_VISIBLE_DEVICES", "HF_TOKEN"]})
    file = settings.secrets_file("key")
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps({"CUDA_VISIBLE_DEVICES": "5", "HF_TOKEN": "x"}))
    ordered(settings, spec, tmp_path / "1", given=Allocation("lab", 1, ("0",)))
    assert {"HF_TOKEN": "x"} == json.loads(layout.secrets_file(tmp_path / "1").read_text())
    ordered(settings, spec, tmp_path / "2")
    assert "5" == json.loads(layout.secrets_file(tmp_path / "2").read_text())["CUDA_VISIBLE_DEVICES"]


@pytest.mark.parametrize(
    ("resources", "slots", "threads"),
    [({}, 1, "1"), ({"slots": 4}, 4, "4"), ({"slots": 4, "cpus": 1.5}, 4, "2"), ({"slots": 0}, 0, "1")],
)
def test_threads_follow_the_cpus_or_the_slots(
    tmp_path: Path, resources: dict[str, float], slots: int, threads: str
) -> None:
    settings = Settings(home=tmp_path / "home")
    spec = a_job(settings, resources=resources)
    env = ordered(settings, spec, tmp_path / "1", given=Allocation("local", slots))["env"]
    assert {threads} == {env[name] for name in THREADS}


def test_how_many_threads_a_job_starts_is_its_own_to_say(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    spec = a_job(settings, environment={"variables": {"OMP_NUM_THREADS": "3"}}, resources={"slots": 8})
    env = ordered(settings, spec, tmp_path / "1", given=Allocation("local", 8))["env"]
    assert ("3", "8") == (env["OMP_NUM_THREADS"], env["MKL_NUM_THREADS"])
