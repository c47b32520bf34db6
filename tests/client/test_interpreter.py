"""What an interpreter lacks is said before the start."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from jupyter_training.client.imports import Foreign
from jupyter_training.client.interpreter import check_imports, lacking
from jupyter_training.errors import InvalidSpec

ENVIRONMENT = {"PATH": os.environ.get("PATH", "")}


def foreign(module: str, *, file: str = "train.py", line: int = 3) -> Foreign:
    return Foreign(module, file, line, 1)


@pytest.fixture
def other(tmp_path: Path) -> str:
    """Another interpreter by path: a link to this one, with none of its packages."""
    link = tmp_path / "python"
    link.symlink_to(os.path.realpath(sys.executable))
    return str(link)


def test_what_this_interpreter_has_is_not_lacking() -> None:
    assert set() == lacking({"json", "pytest", "jupyter_training", "sys"}, sys.executable, variables=ENVIRONMENT)


def test_a_missing_module_is_named_with_file_line_and_how_to_install_it() -> None:
    with pytest.raises(InvalidSpec) as caught:
        check_imports([foreign("no_such_module_here"), foreign("json")], sys.executable, variables=ENVIRONMENT)
    assert "train.py, line 3" in caught.value.detail
    assert "'no_such_module_here'" in caught.value.detail
    assert f"{sys.executable} -m pip install no_such_module_here" in (caught.value.hint or "")
    assert [3] == [problem.line for problem in caught.value.errors]


def test_the_job_side_package_is_there_in_every_interpreter(other: str) -> None:
    check_imports([foreign("jupyter_training")], other, variables=ENVIRONMENT)


def test_another_interpreter_is_asked_itself(other: str, tmp_path: Path) -> None:
    assert {"nothing_like_it"} == lacking({"json", "nothing_like_it"}, other, variables=ENVIRONMENT)
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "nothing_like_it.py").write_text("")
    seen = {**ENVIRONMENT, "PYTHONPATH": str(tmp_path / "site")}
    assert set() == lacking({"nothing_like_it"}, other, variables=seen), "an absence was remembered"


def test_an_interpreter_that_can_not_answer_lacks_nothing(tmp_path: Path) -> None:
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\nexit 3\n")
    broken.chmod(0o755)
    assert set() == lacking({"anything_at_all"}, str(broken), variables=ENVIRONMENT)
    assert set() == lacking({"anything_at_all"}, str(tmp_path / "absent"), variables=ENVIRONMENT)


def test_what_stands_in_the_working_folder_is_found_there(tmp_path: Path) -> None:
    (tmp_path / "compiled_by_hand.abi3.so").write_bytes(b"")
    wanted = [foreign("compiled_by_hand")]
    check_imports(wanted, sys.executable, variables=ENVIRONMENT, folders=[str(tmp_path)])
    with pytest.raises(InvalidSpec):
        check_imports(wanted, sys.executable, variables=ENVIRONMENT)
