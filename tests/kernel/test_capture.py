"""What comes along with a cell, what is refused and in which words. No job is started."""

from __future__ import annotations

import pytest

from tests.kernel.shells import Cells


def carried(cells: Cells, body: str, line: str = "%%train one --dry-run") -> str:
    """The file of definitions that goes along with a body, without its table."""
    request = cells.planned(f"{line}\n{body}")
    files = {file["path"]: file["text"] for file in request["files"]}
    return files.get("_notebook_cells.py", "\n").partition("\n")[2]


def test_only_what_the_body_uses_comes_along(cells: Cells) -> None:
    cells.run("import math\nimport os\nrate = 0.5\nother = 3\ndef half(x):\n    return x * rate\ndef unused(): ...\n")
    text = carried(cells, "print(half(math.pi))\n")
    assert "import math\nrate = 0.5\n\ndef half(x):\n    return x * rate\n" == text
    assert "" == carried(cells, "print(1)\n")
