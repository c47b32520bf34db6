"""GPUs are asked through NVIDIA's library, here one of our own making with its calls."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from jupyter_training.supervisor.gpu import Gpus

SOURCE = str(Path(__file__).parents[2])
LIBRARY = r"""
#include <stdio.h>
#include <string.h>
typedef struct { unsigned int gpu, memory; } utilization;
typedef struct { unsigned long long total, free, used; } memory;
int nvmlInit_v2(void) { return 0; }
int nvmlShutdown(void) { return 0; }
int nvmlDeviceGetCount_v2(unsigned int *count) { *count = 3; return 0; }
int nvmlDeviceGetHandleByIndex_v2(unsigned int index, void **device) {
    if (index == 2) return 15;  /* lost */
    *device = (void *)(unsigned long)(0x7f0000000000UL + index);  /* a whole pointer, not 32 bits of it */
    return 0;
}
static int index_of(void *device) { return (int)((unsigned long)device - 0x7f0000000000UL); }
int nvmlDeviceGetUtilizationRates(void *device, utilization *rates) {
    if (index_of(device) == 1) return 3;  /* not supported */
    rates->gpu = 42; rates->memory = 7; return 0;
}
int nvmlDeviceGetMemoryInfo(void *device, memory *info) {
    info->total = 100UL << 30; info->used = (5UL + index_of(device)) << 30; info->free = info->total - info->used;
    return 0;
}
int nvmlDeviceGetUUID(void *device, char *uuid, unsigned int length) {
    snprintf(uuid, length, "GPU-%08d-aaaa", index_of(device)); return 0;
}
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("there is no C compiler")
    folder = tmp_path_factory.mktemp("nvml")
    (folder / "nvml.c").write_text(LIBRARY)
    words = [compiler, "-shared", "-fPIC", "-o", str(folder / "libnvidia-ml.so.1"), str(folder / "nvml.c")]
    subprocess.run(words, check=True)
    return folder


def sampled(library: Path, visible: str | None) -> dict[str, float]:
    """A sample by a process that finds this library."""
    code = "import json, sys; sys.path.insert(0, sys.argv[1]); from jupyter_training.supervisor.gpu import Gpus; "
    code += "gpus = Gpus(json.loads(sys.argv[2])); gpus.sample(); print(json.dumps(gpus.sample()))"
    words = [sys.executable, "-I", "-S", "-c", code, SOURCE, json.dumps(visible)]
    environment = {"LD_LIBRARY_PATH": str(library), "PATH": os.environ["PATH"]}
    answer = subprocess.run(words, env=environment, capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(answer.stdout)
    return found


FIRST = {"gpu0_util": 42, "gpu0_memory": 5 * 2**30}
SECOND = {"gpu1_memory": 6 * 2**30}


def test_every_gpu_that_answers_is_sampled_with_what_it_knows(library: Path) -> None:
    assert {**FIRST, **SECOND} == sampled(library, None)


@pytest.mark.parametrize(
    ("visible", "figures"),
    [
        ("0", FIRST),
        ("1", SECOND),
        (" 0 , 1 ", {**FIRST, **SECOND}),
        ("GPU-00000001", SECOND),
        ("", {}),
        ("-1", {}),
        ("7", {}),
        (",", {}),
    ],
)
def test_only_the_gpus_that_the_job_sees_are_sampled(library: Path, visible: str, figures: dict[str, float]) -> None:
    assert figures == sampled(library, visible)


def test_without_the_library_there_is_nothing(tmp_path: Path) -> None:
    if shutil.which("nvidia-smi"):
        pytest.skip("this machine has GPUs")
    assert {} == Gpus(None).sample()
    assert {} == sampled(tmp_path, None)
