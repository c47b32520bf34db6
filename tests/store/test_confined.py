"""Full and read-only disks, for real: each story has a mount namespace of its own (see ``confined``)."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.store.confined import STORIES

pytestmark = pytest.mark.processes

UNSHARE = ["unshare", "--user", "--map-root-user", "--mount"]


@pytest.fixture(scope="module")
def namespace() -> list[str]:
    """The words before a command that give it a namespace of its own."""
    if shutil.which("unshare") is None:
        pytest.skip("no unshare on this machine")
    probe = subprocess.run([*UNSHARE, "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True, check=False)
    if probe.returncode:
        pytest.skip("this machine gives no mount namespaces")
    return UNSHARE


@pytest.mark.parametrize("story", [story.__name__ for story in STORIES])
def test_story(namespace: list[str], tmp_path: Path, story: str) -> None:
    words = [*namespace, sys.executable, "-m", "tests.store.confined", story, str(tmp_path)]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=100)
    assert 0 == done.returncode, done.stderr
