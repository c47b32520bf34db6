"""Packages that the code asks for, from a folder: no network."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.boot.containers import Container

Build = Callable[..., Container]


def wheels(folder: Path) -> Path:
    """A folder with one wheel, of a module ``jt_little``."""
    folder.mkdir()
    about = "jt_little-1.0.dist-info"
    with zipfile.ZipFile(folder / "jt_little-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("jt_little.py", "size = 'little'\n")
        wheel.writestr(f"{about}/METADATA", "Metadata-Version: 2.1\nName: jt-little\nVersion: 1.0\n")
        wheel.writestr(
            f"{about}/WHEEL", "Wheel-Version: 1.0\nGenerator: us\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{about}/RECORD", f"jt_little.py,,\n{about}/METADATA,,\n{about}/WHEEL,,\n{about}/RECORD,,\n")
    return folder


@pytest.fixture
def pip(tmp_path: Path) -> dict[str, str]:
    site = str(tmp_path / "site")
    found = str(wheels(tmp_path / "wheels"))
    return {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": found, "PIP_TARGET": site, "PYTHONPATH": site}


@pytest.mark.parametrize(("named", "file"), [("auto", "requirements.txt"), ("needs/more.txt", "needs/more.txt")])
def test_what_is_asked_for_is_there(container: Build, pip: dict[str, str], named: str, file: str) -> None:
    one = container(
        "import jt_little\nprint(jt_little.size)", requirements=named, files={file: "jt-little\n"}, variables=pip
    )
    ran = one.run()
    assert 0 == ran.code, ran.printed
    assert "little" == ran.printed[-1]
    assert any("Successfully installed jt-little-1.0" in line for line in ran.printed)


def test_nothing_is_installed_that_nobody_asked_for(container: Build, pip: dict[str, str]) -> None:
    files = {"requirements.txt": "jt-missing\n"}
    ran = container("print('ran')", requirements=None, files=files, variables=pip).run()
    assert ["ran"] == ran.printed


def test_auto_without_a_file_asks_for_nothing(container: Build, pip: dict[str, str]) -> None:
    assert ["ran"] == container("print('ran')", requirements="auto", variables=pip).run().printed


def test_what_can_not_be_installed_is_told_and_the_code_does_not_run(container: Build, pip: dict[str, str]) -> None:
    one = container(
        "print('ran')", requirements="auto", files={"requirements.txt": "jt-little\njt-missing==9\n"}, variables=pip
    )
    ran = one.run()
    assert 1 == ran.code
    assert "ran" not in ran.printed
    error = ran.record("end")["error"]
    assert ("requirements", True) == (error["type"], "jt-missing==9" in error["message"])
    assert f"requirements: {error['message']}" == one.failure
    assert (1, None) == (ran.record("exit")["exit_code"], ran.record("exit")["how_stopped"])


def test_a_file_that_is_named_and_not_there_is_told(container: Build, pip: dict[str, str]) -> None:
    one = container("print('ran')", requirements="other.txt", variables=pip)
    assert 1 == one.run().code
    assert "requirements: there is no other.txt in the code." == one.failure
