"""Scripts and functions, made ready to travel."""

from __future__ import annotations

import base64
import importlib.util
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from jupyter_training.client.target import Target, bound, of_function, of_script, place_of
from jupyter_training.errors import InvalidSpec, TooLarge

LIMIT = 1_000_000


def paths(target: Target) -> list[str]:
    return [file["path"] for file in target.files]


@pytest.fixture
def imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Write a module, import it under its name, and forget it after the test."""
    monkeypatch.syspath_prepend(str(tmp_path))
    made: list[str] = []

    def load(name: str, source: str) -> ModuleType:
        file = tmp_path / (name.replace(".", "/") + ".py")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(source)
        made.append(name)
        return importlib.import_module(name)

    yield load
    for name in made:
        sys.modules.pop(name, None)
        sys.modules.pop(name.partition(".")[0], None)


def test_a_script_travels_with_its_modules_and_arguments(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text("import model\n")
    (tmp_path / "model.py").write_text("")
    target = of_script(tmp_path / "train.py", "--fast", 3, tmp_path, limit=LIMIT)
    assert ("script", "train.py", ["--fast", "3", str(tmp_path)]) == tuple(
        target.entry[key] for key in ("kind", "path", "args")
    )
    assert ["model.py", "train.py"] == paths(target)


def test_a_relative_script_is_looked_for_where_one_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "train.py").write_text("x = 1\n")
    monkeypatch.chdir(tmp_path)
    assert str(tmp_path / "train.py") == of_script("train.py", limit=LIMIT).entry["shown_as"]


def test_modules_are_looked_for_beside_the_file_that_a_link_points_at(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "train.py").write_text("import model\n")
    (tmp_path / "real" / "model.py").write_text("")
    (tmp_path / "link.py").symlink_to("real/train.py")
    assert ["model.py", "train.py"] == paths(of_script(tmp_path / "link.py", limit=LIMIT))


def test_a_script_that_is_not_there_gets_the_near_miss(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text("")
    with pytest.raises(InvalidSpec, match="There is no file") as caught:
        of_script(tmp_path / "trian.py", limit=LIMIT)
    assert "Did you mean 'train.py'?" == caught.value.hint


@pytest.mark.parametrize("named", ["ctx/jobs/train.py", "jobs/train.py", "./ctx/../ctx/jobs/train.py"])
def test_a_script_of_a_context_is_named_as_seen_from_here_or_from_the_context(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: str
) -> None:
    (tmp_path / "ctx" / "jobs").mkdir(parents=True)
    (tmp_path / "ctx" / "jobs" / "train.py").write_text("")
    (tmp_path / "outside.py").write_text("")
    monkeypatch.chdir(tmp_path)
    context = tmp_path / "ctx"
    assert "jobs/train.py" == of_script(named, limit=LIMIT, context=context).entry["path"]
    assert (context / "jobs" / "train.py", None) == place_of(named, context)
    with pytest.raises(InvalidSpec, match="There is no file") as caught:
        of_script("trian.py", limit=LIMIT, context=context / "jobs")
    assert "Did you mean 'train.py'?" == caught.value.hint
    with pytest.raises(InvalidSpec, match="There is no file") as caught:
        of_script("evaluate.py", limit=LIMIT, context=context)
    assert f"Looked in '{tmp_path}' and in '{context}'." == caught.value.hint
    with pytest.raises(InvalidSpec, match="There is no file"):
        of_script("../../outside.py", limit=LIMIT, context=context / "jobs")


def test_of_two_scripts_of_that_name_the_one_in_the_context_is_taken_and_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = tmp_path / "ctx"
    for folder in (tmp_path, context, context / "ctx"):
        folder.mkdir(exist_ok=True)
        (folder / "train.py").write_text(f"print({str(folder)!r})\n")
    monkeypatch.chdir(tmp_path)
    taken, said = place_of("train.py", context)
    assert context / "train.py" == taken
    assert f"'train.py' is taken to be '{taken}', not '{tmp_path / 'train.py'}'." == said
    taken, said = place_of("ctx/train.py", context)
    assert (context / "train.py", True) == (taken, "/ctx/ctx/train.py" in str(said))
    assert (tmp_path / "train.py", None) == place_of("train.py")


def test_a_folder_and_a_shell_script_are_refused(tmp_path: Path) -> None:
    (tmp_path / "run.sh").write_text("echo\n")
    with pytest.raises(InvalidSpec, match="is a folder"):
        of_script(tmp_path, limit=LIMIT)
    with pytest.raises(InvalidSpec, match=r"end in \.py|not a Python file"):
        of_script(tmp_path / "run.sh", limit=LIMIT)


def test_a_syntax_error_is_told_with_file_line_and_column(tmp_path: Path) -> None:
    script = tmp_path / "train.py"
    script.write_text("x = 1\nif x\n    pass\n")
    with pytest.raises(InvalidSpec) as caught:
        of_script(script, limit=LIMIT)
    assert f"{script}, line 2" in caught.value.detail
    assert (2, 5) == (caught.value.errors[0].line, caught.value.errors[0].column)


def test_a_script_in_another_encoding_travels_byte_by_byte(tmp_path: Path) -> None:
    content = "# -*- coding: latin-1 -*-\nname = 'é'\r\n".encode("latin-1")
    (tmp_path / "train.py").write_bytes(content)
    (file,) = of_script(tmp_path / "train.py", limit=LIMIT).files
    assert content == base64.b64decode(file["base64"])


def test_text_keeps_its_line_ends_and_its_mark(tmp_path: Path) -> None:
    content = "\ufeffx = 1\r\ny = 2\r\n".encode()
    (tmp_path / "train.py").write_bytes(content)
    (file,) = of_script(tmp_path / "train.py", limit=LIMIT).files
    assert content == file["text"].encode()


def test_code_over_the_limit_is_refused_with_its_largest_files(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text("import big\n")
    (tmp_path / "big.py").write_text("x = '" + "a" * 5000 + "'\n")
    with pytest.raises(TooLarge, match=r"big\.py"):
        of_script(tmp_path / "train.py", limit=2000)


def test_missing_imports_are_not_judged_when_the_code_moves_its_path(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text("import sys\nsys.path.insert(0, '../lib')\nimport mylib\n")
    assert () == of_script(tmp_path / "train.py", limit=LIMIT).foreign


@pytest.mark.parametrize("argument", [True, None, [1], object()])
def test_an_argument_that_a_shell_could_not_give_is_refused(tmp_path: Path, argument: object) -> None:
    (tmp_path / "train.py").write_text("")
    with pytest.raises(InvalidSpec, match="arguments are texts and numbers"):
        of_script(tmp_path / "train.py", argument, limit=LIMIT)


def test_a_function_of_a_module_travels_with_the_module_and_its_imports(imported: Any, tmp_path: Path) -> None:
    (tmp_path / "travel_helper.py").write_text("value = 1\n")
    module = imported("travel_train", "import travel_helper\ndef train(lr):\n    return lr\n")
    target = of_function(module.train, limit=LIMIT)
    assert ("function", "travel_train.py", "train") == tuple(target.entry[key] for key in ("kind", "path", "function"))
    assert ["travel_helper.py", "travel_train.py"] == paths(target)


def test_a_function_inside_a_package_is_imported_as_what_it_is(imported: Any, tmp_path: Path) -> None:
    (tmp_path / "travel_pkg").mkdir()
    (tmp_path / "travel_pkg" / "__init__.py").write_text("")
    (tmp_path / "travel_pkg" / "parts.py").write_text("")
    module = imported("travel_pkg.deep", "from . import parts\ndef train():\n    return parts\n")
    target = of_function(module.train, limit=LIMIT)
    assert ["submitted.py", "travel_pkg/__init__.py", "travel_pkg/deep.py", "travel_pkg/parts.py"] == paths(target)
    assert "from travel_pkg.deep import train\n" == target.files[0]["text"]


def test_a_function_of_an_installed_package_is_not_copied() -> None:
    target = of_function(json.dumps, limit=LIMIT)
    assert [{"path": "submitted.py", "text": "from json import dumps\n"}] == list(target.files)


@pytest.mark.parametrize(
    "thing", [lambda: 1, len, print, "x".upper, type("Callable", (), {"__call__": lambda self: 1})()]
)
def test_what_is_no_plain_function_is_refused(thing: Any) -> None:
    with pytest.raises(InvalidSpec):
        of_function(thing, limit=LIMIT)


def test_an_inner_function_is_refused() -> None:
    def inner() -> None: ...

    with pytest.raises(InvalidSpec, match="top level"):
        of_function(inner, limit=LIMIT)


def train(data: str, lr: float = 0.1, *, epochs: int) -> None: ...


def test_a_call_is_bound_by_name() -> None:
    assert {"data": "x", "lr": 0.5, "epochs": 3} == bound(train, ("x", 0.5), {"epochs": 3})


@pytest.mark.parametrize(
    ("args", "params", "words"),
    [
        (("x",), {}, "needs a value for 'epochs'"),
        (("x",), {"epochs": 1, "data": "y"}, "gets 'data' twice"),
        (("x", 1, 2), {"epochs": 1}, "takes 2 values by position, not 3"),
        (("x",), {"epochs": 1, "lrr": 2}, "takes no 'lrr'"),
    ],
)
def test_a_call_that_can_not_be_made_is_refused(
    args: tuple[object, ...], params: dict[str, object], words: str
) -> None:
    with pytest.raises(InvalidSpec) as caught:
        bound(train, args, params)
    assert words in caught.value.detail
    if "lrr" in params:
        assert "Did you mean 'lr'?" == caught.value.hint


def test_a_function_with_positions_only_is_refused() -> None:
    def of_place(a: int, /) -> None: ...

    with pytest.raises(InvalidSpec, match="by position only"):
        bound(of_place, (), {})
