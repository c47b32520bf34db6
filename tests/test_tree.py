"""The tree as a whole: what lies at the top, and what no file may say."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

TOP = {
    ".ci",
    ".gitignore",
    ".npmrc",
    "CHANGELOG.md",
    "LICENSE",
    "Makefile",
    "README.md",
    "constraints.txt",
    "jupyter_training",
    "labextension",
    "notebooks",
    "package-lock.json",
    "package.json",
    "pyproject.toml",
    "tests",
}

# Taken apart, so that this file does not hold them itself.
HOSTS = [
    "pypi" + ".org",
    "python" + "hosted.org",
    "npm" + "js.org",
    "npm" + "js.com",
    "yarn" + "pkg.com",
    "ana" + "conda.org",
    "deb" + "ian.org",
    "crates" + ".io",
]
FOLDERS = ["/" + "work/", "/" + "root/"]

PRODUCT = ("jupyter_training/", "labextension/src/")


@pytest.fixture(scope="module")
def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in listed.stdout.decode().split("\0") if name and (ROOT / name).is_file()]


def test_top_level_is_as_the_design_says(tracked: list[Path]) -> None:
    assert set() == {path.relative_to(ROOT).parts[0] for path in tracked} - TOP


@pytest.mark.parametrize("words", [HOSTS, FOLDERS], ids=["registries", "folders of a machine"])
def test_no_file_names(tracked: list[Path], words: list[str]) -> None:
    pattern = re.compile("|".join(re.escape(word) for word in words).encode())
    found = [
        f"{path.relative_to(ROOT)}: {match.group().decode()}"
        for path in tracked
        if (match := pattern.search(path.read_bytes()))
    ]
    assert [] == found


def test_no_file_is_too_long_to_read(tracked: list[Path]) -> None:
    ours = [p for p in tracked if p.relative_to(ROOT).as_posix().startswith(PRODUCT)]
    written = [p for p in ours if p.suffix in {".py", ".ts", ".tsx"} and ".gen." not in p.name]
    long = [f"{p.relative_to(ROOT)}: {n}" for p in written if (n := len(p.read_text("utf-8").splitlines())) > 400]
    assert [] == long


def test_lock_files_carry_no_addresses() -> None:
    assert "://" not in (ROOT / "constraints.txt").read_text("utf-8")
    assert "://" not in (ROOT / "package-lock.json").read_text("utf-8")


def test_name_and_version_are_written_once() -> None:
    package = json.loads((ROOT / "package.json").read_text("utf-8"))
    lock = json.loads((ROOT / "package-lock.json").read_text("utf-8"))
    assert package["version"] == lock["version"] == lock["packages"][""]["version"]
    assert re.search(r'^name = "jupyter-training"$', (ROOT / "pyproject.toml").read_text("utf-8"), re.MULTILINE)
