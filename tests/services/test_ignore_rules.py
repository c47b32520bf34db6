"""Ignore files mean to us what they mean to git."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jupyter_training.client.context_walk import rules_of, walk
from jupyter_training.errors import InvalidSpec
from jupyter_training.services.ignore_rules import IgnoreText, ignore_rules

NAMES = ("a", "b", "ab", "a.bin", "keep.bin", "éé")


def kept(root: Path, text: str) -> set[str]:
    rules = [rule.model_dump() for rule in ignore_rules(IgnoreText(text=text)).rules]
    return {entry.path for entry in walk(root, rules_of(rules)) if entry.kind == "file"}


def kept_by_git(root: Path, text: str, rules: Path) -> set[str]:
    rules.write_text(text, "utf-8")
    words = ["git", "-c", "core.quotePath=off", "ls-files", "-z", "--others", f"--exclude-from={rules}"]
    answer = subprocess.run(words, cwd=root, capture_output=True, check=True)
    return set(answer.stdout.decode().split("\0")) - {""}


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every name as a file, at the root and in folders of two levels; a work tree of git."""
    root = tmp_path_factory.mktemp("tree")
    for folder in ("", "a/", "ab/", "a/b/", "d/", "d/a/", "d/d/"):
        (root / folder).mkdir(parents=True, exist_ok=True)
        for name in NAMES:
            if not (root / folder / name).exists() and f"{folder}{name}" not in ("a", "ab", "a/b", "d/a"):
                (root / folder / name).write_text("")
    subprocess.run(["git", "init", "-q"], cwd=root, check=True)
    return root


def test_a_line_that_negates_brings_back_and_the_last_that_fits_decides(tree: Path) -> None:
    found = kept(tree, "*.bin\n!keep.bin\n/d/keep.bin\n")
    assert "keep.bin" in found and "a/keep.bin" in found
    assert not {"d/keep.bin", "a.bin", "a/a.bin"} & found


def test_nothing_comes_back_from_a_folder_that_is_left_out(tree: Path) -> None:
    assert not any(path.startswith("a/") for path in kept(tree, "a/\n!a/keep.bin\n"))
    assert "a/keep.bin" in kept(tree, "a/*\n!a/keep.bin\n")


def test_comments_empty_lines_and_spaces_at_the_end_say_nothing(tree: Path) -> None:
    assert "a.bin" not in kept(tree, "# what follows\r\n\r\na.bin   \r\n")
    assert kept(tree, "") == kept(tree, "# only words\n\n")


@pytest.mark.parametrize(("text", "line"), [("*.bin\n!\n", 2), ("[z-a]\n", 1), ("a\nb\nc\\\n", 3)])
def test_a_line_that_is_no_pattern_is_named(text: str, line: int) -> None:
    with pytest.raises(InvalidSpec, match=f"Line {line} of the ignore file") as caught:
        ignore_rules(IgnoreText(text=text))
    assert line == caught.value.errors[0].line


PART = st.sampled_from(["a", "b", "ab", "d", "*", "**", "a*", "?", "*.bin", "keep.bin", "[ab]", "[!a]", "éé"])
LINE = st.builds(
    lambda negates, rooted, parts, is_folder: (
        ("!" if negates else "") + ("/" if rooted else "") + "/".join(parts) + ("/" if is_folder else "")
    ),
    st.booleans(),
    st.booleans(),
    st.lists(PART, min_size=1, max_size=3),
    st.booleans(),
).filter(lambda line: not line.endswith("/**/"))  # the one form that pathspec reads as the folder itself


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=st.lists(LINE, min_size=1, max_size=4))
def test_any_lines_leave_out_what_git_leaves_out(tree: Path, tmp_path: Path, lines: list[str]) -> None:
    text = "\n".join(lines) + "\n"
    assert kept_by_git(tree, text, tmp_path / "rules") == kept(tree, text), text
