"""Which local modules travel with a script, and which imports are worth a refusal."""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_training.client.imports import collect
from jupyter_training.errors import InvalidSpec


def write(root: Path, **files: str) -> Path:
    """Files by path, with ``__`` for a slash: ``pkg__mod="..."`` is pkg/mod.py."""
    for name, text in files.items():
        path = root / (name.replace("__", "/") + ".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return root


def test_a_module_beside_the_script_comes_along_and_what_it_imports_too(tmp_path: Path) -> None:
    write(tmp_path, train="import model\n", model="from layers import dense\n", layers="dense = 1\n", other="x = 1\n")
    assert {"train.py", "model.py", "layers.py"} == set(collect(tmp_path, "train.py").files)


def test_a_package_brings_its_init_files_and_relative_imports(tmp_path: Path) -> None:
    write(
        tmp_path,
        train="from zoo.big import net\n",
        zoo__big="from . import parts\nfrom .deep.er import thing\nnet = 1\n",
        zoo__parts="",
        zoo__deep__er="thing = 1\n",
        zoo__unused="",
    )
    (tmp_path / "zoo" / "__init__.py").write_text("")
    (tmp_path / "zoo" / "deep" / "__init__.py").write_text("from .. import parts\n")
    found = set(collect(tmp_path, "train.py").files)
    assert {
        "train.py",
        "zoo/__init__.py",
        "zoo/big.py",
        "zoo/parts.py",
        "zoo/deep/__init__.py",
        "zoo/deep/er.py",
    } == found


def test_a_star_import_brings_the_modules_that_all_names(tmp_path: Path) -> None:
    write(tmp_path, train="from zoo import *\n", zoo__a="", zoo__b="")
    (tmp_path / "zoo" / "__init__.py").write_text("__all__ = ['a']\n")
    assert {"train.py", "zoo/__init__.py", "zoo/a.py"} == set(collect(tmp_path, "train.py").files)


def test_a_folder_without_init_is_local_only_when_a_module_in_it_is_imported(tmp_path: Path) -> None:
    write(tmp_path, train="import json\nfrom data import loader\nimport torch\n", data__loader="", torch__note="")
    found = collect(tmp_path, "train.py")
    assert {"train.py", "data/loader.py"} == set(found.files)
    assert ["json", "torch"] == sorted(one.module for one in found.foreign)


def test_imports_by_a_written_name_come_along(tmp_path: Path) -> None:
    write(
        tmp_path,
        train="import importlib\nimportlib.import_module('plug.one')\n__import__('two')\n",
        plug__one="",
        two="",
    )
    assert {"train.py", "plug/one.py", "two.py"} == set(collect(tmp_path, "train.py").files)


def test_imports_in_a_circle_end(tmp_path: Path) -> None:
    write(tmp_path, a="import b\n", b="import a\n")
    assert {"a.py", "b.py"} == set(collect(tmp_path, "a.py").files)


def test_nothing_above_the_folder_is_reached(tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    write(tmp_path, secret="")
    write(inner, train="from .. import secret\nfrom ..secret import x\n")
    assert {"train.py"} == set(collect(inner, "train.py").files)


def test_only_unconditional_imports_are_certain(tmp_path: Path) -> None:
    code = (
        "import surely\n"
        "from also.sure import x\n"
        "try:\n    import perhaps\nexcept ImportError:\n    perhaps = None\n"
        "if False:\n    import never\n"
        "def f():\n    import later\n"
        "import importlib\nimportlib.import_module('named')\n"
    )
    write(tmp_path, train=code)
    places = {one.module: (one.file, one.line) for one in collect(tmp_path, "train.py").foreign}
    assert {"surely": ("train.py", 1), "also": ("train.py", 2), "importlib": ("train.py", 11)} == places


def test_what_an_optional_module_imports_is_not_certain_until_something_surely_imports_it(tmp_path: Path) -> None:
    write(tmp_path, train="try:\n    import extra\nexcept ImportError:\n    pass\n", extra="import missing\n")
    assert [] == collect(tmp_path, "train.py").foreign
    write(tmp_path, train="try:\n    import extra\nexcept ImportError:\n    pass\nimport extra\n")
    assert ["missing"] == [one.module for one in collect(tmp_path, "train.py").foreign]


def test_a_syntax_error_in_a_module_that_is_surely_imported_is_told_at_its_line(tmp_path: Path) -> None:
    write(tmp_path, train="import model\n", model="x = 1\ny = = 2\n")
    with pytest.raises(InvalidSpec, match=r"model\.py, line 2") as caught:
        collect(tmp_path, "train.py")
    assert (2, 5) == (caught.value.errors[0].line, caught.value.errors[0].column)


def test_a_broken_module_that_may_never_be_imported_travels_as_it_is(tmp_path: Path) -> None:
    write(tmp_path, train="try:\n    import old\nexcept SyntaxError:\n    pass\n", old="print 'python 2'\n")
    assert {"train.py", "old.py"} == set(collect(tmp_path, "train.py").files)


@pytest.mark.parametrize(
    "line", ["import sys; sys.path.append('..')", "from sys import path", "import site; site.addsitedir('x')"]
)
def test_code_that_moves_the_path_says_so(tmp_path: Path, line: str) -> None:
    write(tmp_path, train=line + "\n", still="import sys\nprint(sys.argv)\n")
    assert collect(tmp_path, "train.py").moves_path
    assert not collect(tmp_path, "still.py").moves_path


def test_a_file_that_exists_only_here_is_looked_at_like_the_others(tmp_path: Path) -> None:
    write(tmp_path, helper_module="x = 1\n")
    found = collect(tmp_path, given={"cell.py": b"import helper_module\nimport numpy\n"})
    assert {"cell.py", "helper_module.py"} == set(found.files)
    assert [("numpy", "cell.py", 2)] == [(one.module, one.file, one.line) for one in found.foreign]


def test_bytes_that_are_no_python_are_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_bytes(b"x = 1\0\n")
    with pytest.raises(InvalidSpec, match=r"train\.py"):
        collect(tmp_path, "train.py")
