"""A kernel whose environment has none of us gets the magics from a folder, and nothing heavy with them."""

from __future__ import annotations

import importlib.metadata
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from jupyter_training.errors import Unavailable
from jupyter_training.services.light import light
from jupyter_training.services.site import Site
from jupyter_training.settings import Settings

# What an interpreter with ipykernel has beside the standard library.
_IPYTHON = (
    *("IPython", "asttokens", "decorator", "executing", "jedi", "matplotlib_inline", "parso", "pexpect", "ptyprocess"),
    *("prompt_toolkit", "pure_eval", "pygments", "stack_data", "traitlets", "typing_extensions", "wcwidth"),
    "ipython_pygments_lexers",
)

PROGRAM = """
import importlib, json, pkgutil, sys
sys.path.append(sys.argv[1])
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
shell.run_line_magic("load_ext", "jupyter_training")
import jupyter_training
for room in ("kernel", "client"):
    package = importlib.import_module(f"jupyter_training.{room}")
    for found in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        importlib.import_module(found.name)
print(json.dumps({
    "magics": sorted(name for kind in shell.magics_manager.magics.values() for name in kind if name == "train"),
    "from": jupyter_training.__file__,
    "modules": sorted({name.partition(".")[0] for name in sys.modules}),
}))
"""


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site.open(Settings(home=tmp_path / "home"))


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A folder with IPython and what it needs, by links."""
    folder = tmp_path / "site"
    folder.mkdir()
    for name in _IPYTHON:
        place = Path(str(importlib.metadata.distribution("ipython").locate_file(name)))
        for path in (place, place.with_suffix(".py")):
            if path.exists():
                (folder / path.name).symlink_to(path)
    return folder


def test_a_bare_interpreter_loads_the_magics_from_it_and_nothing_heavy(site: Site, bare: Path, tmp_path: Path) -> None:
    found = light(site)
    program = f"import sys; sys.path.append({str(bare)!r})\n{PROGRAM}"
    environment = {**os.environ, "IPYTHONDIR": str(tmp_path / "ipython"), "JUPYTER_TRAINING_HOME": str(tmp_path / "h")}
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program, found.path],
        capture_output=True,
        text=True,
        timeout=60,
        env=environment,
        check=False,
    )
    assert 0 == done.returncode, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert ["train", "train"] == told["magics"]
    assert told["from"].startswith(found.path)
    strangers = {"pydantic", "yaml", "sqlalchemy", "tornado", "jupyter_server", "mlflow", "numpy", "pandas", "rich"}
    assert set() == strangers & set(told["modules"])


def test_it_holds_the_light_side_and_nothing_else(site: Site) -> None:
    folder = Path(light(site).path)
    assert folder.parent == site.settings.light
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert {".py"} == {path.suffix for path in files}
    rooms = {path.relative_to(folder / "jupyter_training").parts[0] for path in files}
    assert {"client", "kernel", "runtime", "spool", "supervisor", "languages", "errors.py", "settings.py"} <= rooms
    assert set() == rooms & {"core", "services", "store", "server", "schema.py", "cli", "dispatch"}
    assert not (folder / "jupyter_training" / "client" / "local.py").exists()


def test_many_may_ask_at_once_and_get_the_same(site: Site) -> None:
    with ThreadPoolExecutor(8) as threads:
        paths = set(threads.map(lambda _: light(site).path, range(16)))
    assert 1 == len(paths)
    assert [Path(*paths).name] == os.listdir(site.settings.light)


def test_a_home_that_can_not_be_written_is_told(site: Site) -> None:
    site.settings.light.write_text("in the way")
    with pytest.raises(Unavailable, match="folder for kernels"):
        light(site)
