"""The machine is looked at as this process may use it: affinity, quotas, limits, and the GPUs that it was given."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from jupyter_training.backends.local import machine
from tests.backends import nvml

DEVICES = (
    "import json; from jupyter_training.backends.local import machine; "
    "found = machine.capacity(within={within}); print(json.dumps([found.devices, found.fault]))"
)
CPUS = float(len(os.sched_getaffinity(0))) if hasattr(os, "sched_getaffinity") else float(os.cpu_count() or 1)
MB = 1024 * 1024


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return nvml.compiled(tmp_path_factory.mktemp("nvml"))


def devices(library: Path, within: float = 10, **variables: str) -> object:
    return nvml.asked(library, DEVICES.format(within=within), **variables)


# -- GPUs ------------------------------------------------------------------------------------------------------------


def test_gpus_are_numbered_and_one_that_is_lost_is_left_out(library: Path) -> None:
    assert [["0", "1", "2"], None] == devices(library, FAKE_GPUS="3")
    assert [["0", "2"], None] == devices(library, FAKE_GPUS="3", FAKE_LOST="2")
    assert [[], None] == devices(library, FAKE_GPUS="0")


@pytest.mark.parametrize(
    ("named", "found"),
    [
        ("2,3", ["2", "3"]),
        ("3,2", ["3", "2"]),
        (" 2 , 0 ", ["2", "0"]),
        ("GPU-00000001", ["GPU-00000001"]),
        ("GPU-00000001-aaaa,3", ["GPU-00000001-aaaa", "3"]),
        ("", []),
        ("-1", []),
        ("NoDevFiles", []),
        ("0,-1,1", ["0"]),
        ("0,9,1", ["0"]),
        ("GPU-0", []),  # fits several
        ("1,1", ["1"]),
    ],
)
def test_a_process_that_was_given_some_gpus_finds_only_those_by_their_names(
    library: Path, named: str, found: list[str]
) -> None:
    assert [found, None] == devices(library, FAKE_GPUS="4", CUDA_VISIBLE_DEVICES=named)


def test_a_divided_gpu_counts_as_its_parts(library: Path) -> None:
    parts = ["MIG-00000001-0001", "MIG-00000001-0002"]
    assert [["0", *parts, "2"], None] == devices(library, FAKE_GPUS="3", FAKE_DIVIDED="2")
    named = {"CUDA_VISIBLE_DEVICES": "MIG-00000001-0002"}
    assert [["MIG-00000001-0002"], None] == devices(library, FAKE_GPUS="3", FAKE_DIVIDED="2", **named)
    assert [[], None] == devices(library, FAKE_GPUS="3", FAKE_DIVIDED="2", CUDA_VISIBLE_DEVICES="1")


def test_each_device_is_known_by_its_uuid_too(library: Path) -> None:
    code = (
        "import json; from jupyter_training.backends.local import machine; print(json.dumps(machine.capacity().uuids))"
    )
    assert ["GPU-00000000-aaaa", "MIG-00000001-0001", "MIG-00000001-0002"] == nvml.asked(
        library, code, FAKE_GPUS="2", FAKE_DIVIDED="2"
    )


def test_a_driver_that_refuses_is_told_in_its_own_words(library: Path) -> None:
    found, fault = devices(library, FAKE_GPUS="2", FAKE_FAULT="18")  # type: ignore[misc]
    assert found is None
    assert "Driver/library version mismatch (18)" in fault


def test_a_driver_that_hangs_is_not_waited_for(library: Path) -> None:
    found, fault = devices(library, within=0.1, FAKE_GPUS="2", FAKE_HANGS="1")  # type: ignore[misc]
    assert found is None
    assert "does not say which GPUs there are: it has not answered within 0.1 s" in fault


def test_without_the_library_there_is_nobody_to_ask(tmp_path: Path) -> None:
    if Path("/dev/nvidiactl").exists():
        pytest.skip("this machine has GPUs")
    assert [None, None] == devices(tmp_path)


# -- CPUs and memory -------------------------------------------------------------------------------------------------


def groups(folder: Path, own: str, files: dict[str, str]) -> dict[str, str]:
    """A tree of control groups, as arguments of ``capacity``."""
    (folder / "own").write_text(own)
    for name, text in files.items():
        path = folder / "cgroup" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{text}\n")
    return {"cgroups": str(folder / "cgroup"), "own_groups": str(folder / "own")}


def test_without_limits_there_is_the_whole_machine(tmp_path: Path) -> None:
    found = machine.capacity(cgroups=str(tmp_path), own_groups=str(tmp_path / "none"))
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    assert CPUS == found.cpus
    assert total == found.memory


def test_the_tightest_limit_of_version_2_counts_wherever_it_is_set(tmp_path: Path) -> None:
    files = {
        "cgroup.controllers": "cpu memory",
        "pod/job/cpu.max": "max 100000",
        "pod/cpu.max": "50000 100000",
        "pod/job/memory.max": "max",
        "pod/memory.max": str(512 * MB),
        "memory.max": str(900 * MB),
    }
    found = machine.capacity(**groups(tmp_path, "0::/pod/job\n", files))  # type: ignore[arg-type]
    assert (0.5, 512 * MB) == (found.cpus, found.memory)


def test_limits_of_version_1_count_also_where_two_controllers_share_a_folder(tmp_path: Path) -> None:
    files = {
        "cpu,cpuacct/pod/cpu.cfs_quota_us": "25000",
        "cpu,cpuacct/pod/cpu.cfs_period_us": "100000",
        "cpu,cpuacct/cpu.cfs_quota_us": "-1",
        "cpu,cpuacct/cpu.cfs_period_us": "100000",
        "memory/memory.limit_in_bytes": str(256 * MB),
    }
    own = "4:memory:/docker/not-seen-here\n3:cpu,cpuacct:/pod\n"
    found = machine.capacity(**groups(tmp_path, own, files))  # type: ignore[arg-type]
    assert (0.25, 256 * MB) == (found.cpus, found.memory)


def test_a_quota_above_the_affinity_gives_no_more_cpus(tmp_path: Path) -> None:
    files = {"cgroup.controllers": "cpu", "cpu.max": "99900000 100000"}
    assert CPUS == machine.capacity(**groups(tmp_path, "0::/\n", files)).cpus  # type: ignore[arg-type]
    if hasattr(os, "sched_setaffinity") and CPUS > 1:
        code = "import os, json; from jupyter_training.backends.local import machine; "
        code += "os.sched_setaffinity(0, {min(os.sched_getaffinity(0))}); print(json.dumps(machine.capacity().cpus))"
        assert 1.0 >= nvml.asked(tmp_path, code)  # type: ignore[operator]
