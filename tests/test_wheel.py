"""The wheel: it brings the front end along, enables both halves by itself, and never ships an old bundle."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
EXTENSION = "share/jupyter/labextensions/jupyter-training"
STALE = "from an earlier build"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy of the tree in which an old bundle lies about."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if listed.returncode != 0 or not (ROOT / "node_modules").is_dir():
        pytest.skip("needs a git checkout that is set up")
    tree = tmp_path_factory.mktemp("tree")
    for name in listed.stdout.decode().split("\0"):
        if name and (ROOT / name).is_file():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, tree / name)
    shutil.copytree(ROOT / "node_modules", tree / "node_modules", symlinks=True, copy_function=link)
    old = tree / "jupyter_training" / "_labextension" / "static"
    old.mkdir(parents=True)
    (old / "style.js").write_text(f"// {STALE}")
    (old.parent / "package.json").write_text("{}")
    built = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tree / "dist")],
        cwd=tree,
        env={**os.environ, "npm_config_offline": "true"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stdout + built.stderr
    assert (ROOT / "package-lock.json").read_bytes() == (tree / "package-lock.json").read_bytes()
    (found,) = (tree / "dist").glob("*.whl")
    return found


def link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


@pytest.mark.slow
def test_wheel_carries_a_fresh_bundle_once(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        entries = [name for name in names if "remoteEntry" in name]
        (style,) = [name for name in names if name.endswith(f"{EXTENSION}/static/style.js")]
        assert 1 == len(entries), "shipped twice, or not at all"
        assert f"{EXTENSION}/static/remoteEntry" in entries[0]
        assert STALE not in archive.read(style).decode()
        assert [] == [name for name in names if name.startswith(("tests/", "labextension/", "notebooks/"))]
        assert "jupyter_training/_version.py" in names


@pytest.mark.slow
def test_wheel_installs_and_enables_both_halves_without_node(wheel: Path, tmp_path: Path) -> None:
    uv = shutil.which("uv", path=str(Path(sys.executable).parent))
    if uv is None:
        pytest.skip("needs uv beside this Python")
    environment = {"PATH": str(tmp_path), "HOME": str(tmp_path), "UV_CACHE_DIR": str(tmp_path / "cache")}
    for arguments in (
        ["venv", "--python", sys.executable, str(tmp_path / "env")],
        ["pip", "install", "--offline", "--no-deps", "--python", str(tmp_path / "env" / "bin" / "python"), str(wheel)],
    ):
        done = subprocess.run([uv, *arguments], env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    installed = tmp_path / "env"
    assert (installed / EXTENSION / "package.json").is_file()
    assert (installed / EXTENSION / "install.json").is_file()
    assert (installed / "etc/jupyter/jupyter_server_config.d/jupyter_training.json").is_file()
    assert (installed / "bin/jupyter-training").is_file()
