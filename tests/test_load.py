"""What a person pays for having the package installed: next to nothing until it is used."""

from __future__ import annotations

import subprocess
import sys

HEAVY = {
    "alembic",
    "boto3",
    "mlflow",
    "numpy",
    "pandas",
    "pydantic",
    "rich",
    "sagemaker",
    "sqlalchemy",
    "syne_tune",
    "torch",
}
# Jupyter Server brings these itself; a kernel has no use for them.
NOT_IN_A_KERNEL = {"jupyter_server", "psutil", "yaml"}

SERVER_EXTENSION = """
import jupyter_training
points = jupyter_training._jupyter_server_extension_points()
assert points[0]["app"].name == "jupyter_training", points
"""

# As Jupyter Server does at start: find, validate, link and load; handlers are made, nothing is asked of them.
SERVER_START = """
from jupyter_server.serverapp import ServerApp
app = ServerApp()
app.initialize(argv=["--ServerApp.open_browser=False", "--port=0"], new_httpserver=False)
assert "jupyter_training" in app.extension_manager.extensions, app.extension_manager.extensions
"""

LOAD_EXT = """
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
shell.run_line_magic("load_ext", "jupyter_training")
assert "train" in shell.magics_manager.magics["cell"]
"""


def modules_after(code: str, tmp_path: object) -> set[str]:
    """Top-level modules in a fresh interpreter that has run the code."""
    listing = "import sys\nprint('MODULES', *sorted({name.partition('.')[0] for name in sys.modules}))"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\n{listing}"],
        capture_output=True,
        text=True,
        timeout=60,
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "JUPYTER_TRAINING_HOME": f"{tmp_path}/home"},
        cwd=str(tmp_path),
    )
    assert done.returncode == 0, done.stderr
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("MODULES")]
    return set(line.split()[1:])


def test_server_extension_imports_nothing_heavy(tmp_path: object) -> None:
    assert set() == HEAVY & modules_after(SERVER_EXTENSION, tmp_path)


def test_load_ext_imports_nothing_heavy(tmp_path: object) -> None:
    assert set() == (HEAVY | NOT_IN_A_KERNEL) & modules_after(LOAD_EXT, tmp_path)


def test_a_server_starts_with_the_extension_and_nothing_heavy(tmp_path: object) -> None:
    """JupyterLab's own extensions are there too, so this is about what comes on top of them."""
    without = modules_after("import jupyterlab.labapp, jupyter_lsp, notebook_shim", tmp_path)
    assert set() == (HEAVY & modules_after(SERVER_START, tmp_path)) - without


def test_importing_the_package_alone_costs_no_jupyter(tmp_path: object) -> None:
    assert set() == {"IPython", "jupyter_server", "tornado", "traitlets"} & modules_after(
        "import jupyter_training", tmp_path
    )
