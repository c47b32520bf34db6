"""A library with NVIDIA's calls, compiled for a test, and what a process that finds it says of the machine."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = str(Path(__file__).parents[2])
LIBRARY = r"""
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
static int asked(const char *name) { const char *value = getenv(name); return value ? atoi(value) : 0; }
static void *handle(int index, int part) { return (void *)(0x7f0000000000UL + 100 * index + part); }
static int number(void *device) { return (int)((unsigned long)device - 0x7f0000000000UL); }
int nvmlInit_v2(void) { if (asked("FAKE_HANGS")) sleep(600); return asked("FAKE_FAULT"); }
int nvmlShutdown(void) { return 0; }
const char *nvmlErrorString(int code) { return code == 18 ? "Driver/library version mismatch" : "?"; }
int nvmlDeviceGetCount_v2(unsigned int *count) { *count = asked("FAKE_GPUS"); return 0; }
int nvmlDeviceGetHandleByIndex_v2(unsigned int index, void **device) {
    if ((int)index == asked("FAKE_LOST") - 1) return 15;
    *device = handle(index, 0);
    return 0;
}
int nvmlDeviceGetMaxMigDeviceCount(void *device, unsigned int *count) {
    if (number(device) != 100 * (asked("FAKE_DIVIDED") - 1)) return 3;
    *count = 7;
    return 0;
}
int nvmlDeviceGetMigDeviceHandleByIndex(void *device, unsigned int part, void **found) {
    if (part != 1 && part != 2) return 6;
    *found = (void *)((unsigned long)device + part);
    return 0;
}
int nvmlDeviceGetUUID(void *device, char *uuid, unsigned int length) {
    int of = number(device);
    if (of % 100) snprintf(uuid, length, "MIG-%08d-%04d", of / 100, of % 100);
    else snprintf(uuid, length, "GPU-%08d-aaaa", of / 100);
    return 0;
}
"""


def compiled(folder: Path) -> Path:
    """The folder with the library."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("there is no C compiler")
    (folder / "nvml.c").write_text(LIBRARY)
    words = [compiler, "-shared", "-fPIC", "-o", str(folder / "libnvidia-ml.so.1"), str(folder / "nvml.c")]
    subprocess.run(words, check=True)
    return folder


def asked(library: Path, code: str, **variables: str) -> object:
    """What the code prints as JSON, in a process that finds this library."""
    environment = {"LD_LIBRARY_PATH": str(library), "PATH": os.environ["PATH"], "PYTHONPATH": SOURCE, **variables}
    answer = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True, timeout=60
    )
    return json.loads(answer.stdout)
