"""The job-side package is there as a whole or not at all, and runs on old interpreters."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import jupyter_training.runtime
from jupyter_training.runtime import archive

PACKAGE = Path(jupyter_training.runtime.__file__).parents[1]
ROOMS = ("runtime", "spool", "supervisor", "boot")


def test_installing_again_gives_the_same_folder_and_changes_nothing(tmp_path: Path) -> None:
    folder = archive.install(tmp_path)
    before = sorted((path, path.stat().st_mtime_ns) for path in folder.rglob("*"))
    assert folder == archive.install(str(tmp_path))
    assert before == sorted((path, path.stat().st_mtime_ns) for path in folder.rglob("*"))
    assert [folder.name] == os.listdir(tmp_path / "runtime")


def test_many_may_install_at_once(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        folders = set(pool.map(lambda _: archive.install(tmp_path), range(16)))
    (folder,) = folders
    assert [folder.name] == os.listdir(tmp_path / "runtime")


def test_it_has_python_files_of_its_rooms_and_nothing_else(tmp_path: Path) -> None:
    folder = archive.install(tmp_path)
    files = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    found = [path for room in ROOMS for path in (PACKAGE / room).rglob("*.py")]
    rooms = {f"jupyter_training/{path.relative_to(PACKAGE)}" for path in found}
    assert rooms | {"job", "jupyter_training/__init__.py"} == files


def test_a_home_that_can_not_be_written_is_an_error_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "runtime").write_text("in the way")
    with pytest.raises(OSError, match="runtime"):
        archive.install(tmp_path)
    assert "in the way" == (tmp_path / "runtime").read_text()


def test_it_needs_the_standard_library_only(tmp_path: Path) -> None:
    """Every module is imported by an interpreter that has no site-packages."""
    folder = archive.install(tmp_path)
    code = """
import importlib, os, sys
sys.path.insert(0, sys.argv[1])
for room in ("runtime", "spool", "supervisor", "boot"):
    for name in os.listdir(os.path.join(sys.argv[1], "jupyter_training", room)):
        if name.endswith(".py") and name not in ("__init__.py", "again.py"):
            importlib.import_module(f"jupyter_training.{room}.{name[:-3]}")
"""
    words = [sys.executable, "-I", "-S", "-W", "error", "-c", code, str(folder)]
    answer = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (0, "") == (answer.returncode, answer.stderr)


@pytest.mark.parametrize("path", [path for room in ROOMS for path in sorted((PACKAGE / room).glob("*.py"))], ids=str)
def test_it_is_written_for_python_3_9(path: Path) -> None:
    tree = ast.parse(path.read_text("utf-8"), feature_version=(3, 9))
    postponed = any(isinstance(node, ast.ImportFrom) and node.module == "__future__" for node in tree.body)
    assert postponed, "annotations must not be evaluated"
