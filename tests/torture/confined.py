"""Stories on a full disk: ``unshare ... python -m tests.torture.confined NAME FOLDER EMPTY``.

In a mount namespace of its own the home is a disk of two megabytes. The
namespace, and what is mounted in it, ends with the process.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from tests.torture.plan import Story, full_disk
from tests.torture.stand import play
from tests.torture.truth import check

__all__ = ["is_possible", "play_confined"]

UNSHARE = ("unshare", "--user", "--map-root-user", "--mount")
SIZE = "2m"


def is_possible() -> bool:
    """Whether this machine gives mount namespaces."""
    if shutil.which("unshare") is None:
        return False
    probe = subprocess.run([*UNSHARE, "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True, check=False)
    return probe.returncode == 0


def play_confined(folder: Path, story: Story, *, empty: Path) -> None:
    """Play a story in a namespace of its own, and check it.

    Raises:
        AssertionError: with what the process said.
    """
    words = [*UNSHARE, sys.executable, "-m", "tests.torture.confined", story.name, str(folder), str(empty)]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr


if __name__ == "__main__":
    name, folder, empty = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    (folder / "home").mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "none", str(folder / "home")], check=True)
    (story,) = [one for one in full_disk() if one.name == name]
    with play(folder, story, empty=empty) as played:
        check(played)
