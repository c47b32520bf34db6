"""``--context DIR`` behind ``%%train``: what is sent, once, and what is shown of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.kernel.shells import Cells

CELL = "print(open('words.txt').read())\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    (folder / "pkg").mkdir(parents=True)
    (folder / "words.txt").write_text("hello")
    (folder / "big.bin").write_bytes(bytes(5000))
    (folder / "pkg" / "model.py").write_text("answer = 42\n")
    (folder / "layers.py").write_text("")
    return folder


def sent(cells: Cells, method: str, path: str = "") -> list[Any]:
    return [body for asked, where, body in cells.server.asked if asked == method and where.startswith(path)]


def test_it_is_said_sent_before_the_job_and_becomes_its_working_folder(cells: Cells, project: Path) -> None:
    shown = cells.run(f"%%train digits --context project\n{CELL}")
    assert "Context 'project': 4 files, 4.9 KiB." in shown
    request = cells.server.last
    assert {"sha256", "size", "files"} == set(request["context"])
    assert (5017, 4) == (request["context"]["size"], request["context"]["files"])
    assert request["environment"]["folder"] is None
    kept = project.parent / "home" / "data" / request["context"]["sha256"]
    assert kept.is_file()
    (job,) = cells.client.jobs()["jobs"]
    assert request["context"] == cells.client.job(job["id"])["spec"]["context"]


def test_an_unchanged_context_is_sent_once_and_the_same_cell_is_the_same_job(cells: Cells, project: Path) -> None:
    cell = f"%%train digits --context project -q\n{CELL}"
    cells.run(cell)
    cells.run(cell)
    assert 1 == len(sent(cells, "PUT", "data/"))
    assert 1 == cells.client.jobs()["counts"]["queued"]
    (project / "words.txt").write_text("bye")
    cells.run(cell)
    assert 2 == len(sent(cells, "PUT", "data/"))
    assert 2 == cells.client.jobs()["counts"]["queued"]


def test_rules_are_read_by_the_server(cells: Cells, project: Path) -> None:
    (project / ".trainignore").write_text("*.bin\n")
    (project / ".detignore").write_text("pkg/\n")
    request = cells.planned(f"%%train digits --context project --dry-run\n{CELL}")
    assert [{"text": "pkg/\n"}, {"text": "*.bin\n"}] == sent(cells, "POST", "ignore-rules")
    assert 2 == request["context"]["files"]


def test_a_dry_run_shows_size_count_and_the_largest_and_sends_nothing(cells: Cells, project: Path) -> None:
    shown = cells.run(f"%%train digits --context project --dry-run\n{CELL}")
    lines = [" ".join(line.split()) for line in shown.splitlines()]
    for line in ("context project · 4 files, 4.9 KiB", "largest 'big.bin' · 4.9 KiB", "folder its context"):
        assert line in lines, shown
    assert not sent(cells, "PUT")
    assert not (project.parent / "home" / "data").exists()


def test_a_config_names_it(cells: Cells, project: Path) -> None:
    cells.run("%%train_config base\ncontext: project\n")
    assert 4 == cells.planned(f"%%train digits --config base --dry-run\n{CELL}")["context"]["files"]
    (project.parent / "empty").mkdir()
    assert 0 == cells.planned(f"%%train digits --config base --context empty --dry-run\n{CELL}")["context"]["files"]


def test_a_config_that_names_no_folder_is_refused_at_its_place(cells: Cells) -> None:
    assert "line 3" in cells.run("%%train_config base\npool: local\ncontext: [a]\n")


def test_modules_of_the_context_are_there_to_be_imported(cells: Cells, project: Path) -> None:
    cells.planned("%%train digits --context project --dry-run\nimport layers\nfrom pkg import model\n")
    assert "has no module 'layers'" in cells.run("%%train digits --dry-run\nimport layers\n")


def test_the_body_takes_no_name_of_the_context(cells: Cells, project: Path) -> None:
    (project / "cell.py").write_text("mine = 1\n")
    request = cells.planned("%%train digits --context project --dry-run\nimport cell\n")
    assert "_cell.py" == request["entry"]["path"]


def test_the_notebooks_own_folder_may_be_the_context(cells: Cells, project: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(project)
    request = cells.planned("%%train digits --context . --dry-run\nimport layers\n")
    assert {"cell.py", "layers.py"} == {file["path"] for file in request["files"]}


def test_saving_the_notebook_changes_nothing(cells: Cells, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    notebook = project / "book.ipynb"
    notebook.write_text("{}")
    monkeypatch.setenv("JPY_SESSION_NAME", str(notebook))
    cell = f"%%train digits --context project -q\n{CELL}"
    cells.run(cell)
    notebook.write_text('{"cells": []}')
    cells.run(cell)
    assert 1 == cells.client.jobs()["counts"]["queued"]


def test_the_home_of_trainings_stays_where_it_is(cells: Cells, project: Path) -> None:
    cells.run("%%train before -q\nprint(1)\n")
    assert (project.parent / "home" / "jobs.sqlite").is_file()
    assert 4 == cells.planned(f"%%train digits --context . --dry-run\n{CELL}")["context"]["files"]


def test_the_same_name_with_another_content_is_refused(cells: Cells, project: Path) -> None:
    (project.parent / "layers.py").write_text("other = 1\n")
    shown = cells.run("%%train digits --context project\nimport layers\n")
    assert "The context 'project' and the job's own code both have 'layers.py', and not the same." in shown
    assert not sent(cells, "PUT")


def test_a_folder_to_work_in_contradicts_a_context(cells: Cells, project: Path) -> None:
    shown = cells.run(f"%%train digits --context project --folder /tmp\n{CELL}")
    assert "can't work in the folder '/tmp' and in its context" in shown


@pytest.mark.parametrize(
    ("named", "words"),
    [
        ("projet", "There is no folder 'projet' for the context."),
        ("project/words.txt", "'project/words.txt' is a file, and a context is a folder."),
    ],
)
def test_a_bad_context_is_pointed_at(cells: Cells, project: Path, named: str, words: str) -> None:
    shown = cells.run(f"%%train digits --context {named}\n{CELL}")
    assert words in " ".join(shown.split())
    assert "^" * len(named) in shown
    assert not cells.client.jobs()["jobs"]


def test_over_the_limit_nothing_is_sent(cells: Cells, project: Path) -> None:
    (project.parent / "home").mkdir(exist_ok=True)
    (project.parent / "home" / "settings.toml").write_text("context_limit_bytes = 4096\n")
    limited = Cells()
    shown = limited.run(f"%%train digits --context project\n{CELL}")
    limited.close()
    assert "has 4 files, 4.9 KiB; the limit is 4 KiB. Largest: 'big.bin' (4.9 KiB)" in " ".join(shown.split())
    assert ".trainignore" in shown
    assert [] == limited.server.asked


def test_a_bad_line_of_an_ignore_file_is_named(cells: Cells, project: Path) -> None:
    (project / ".trainignore").write_text("*.bin\n!\n")
    shown = cells.run(f"%%train digits --context project\n{CELL}")
    assert "The context's .trainignore, line 2: '!' is no gitignore pattern." in shown
    assert "--context project\n                             ^^^^^^^" in shown


def test_without_a_context_nothing_of_it_is_said(cells: Cells) -> None:
    request = cells.planned("%%train digits --dry-run\nprint(1)\n")
    assert "context" not in request


def test_the_clone_of_a_job_has_the_option(cells: Cells, project: Path) -> None:
    cells.run(f"%%train digits --context project -q\n{CELL}")
    (job,) = cells.client.jobs()["jobs"]
    assert "%%train digits --context .\n" in cells.client.cell(job["id"])


def test_what_is_told_of_a_job_has_its_context(cells: Cells, project: Path) -> None:
    cells.run(f"%%train digits --context project -q\n{CELL}")
    assert "4 files, 5.02 kB" in cells.run("%train show digits")
