"""What is typed, before anything is asked: verbs, options, near misses, exit codes."""

from __future__ import annotations

import importlib
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from jupyter_training.cli import logs, say
from jupyter_training.cli.arguments import Parser
from jupyter_training.cli.main import exit_code, main
from jupyter_training.cli.parameters import split
from jupyter_training.cli.verbs import VERBS
from jupyter_training.errors import (
    AmbiguousJob,
    Forbidden,
    IllegalVerb,
    Internal,
    InvalidSpec,
    InvalidUsage,
    JobFailed,
    ServerUnreachable,
    StoreTooNew,
    TrainingError,
    UnknownJob,
    UnknownPool,
)
from jupyter_training.kernel.line_verbs import VERBS as MAGICS


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("JUPYTER_TRAINING_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("JUPYTER_TRAINING_URL", raising=False)
    return tmp_path / "home"


def test_help_names_every_verb(capsys: pytest.CaptureFixture[str]) -> None:
    assert 0 == main(["--help"])
    out = capsys.readouterr().out
    assert all(f"  {name} " in out for name in VERBS)


@pytest.mark.parametrize("verb", sorted(VERBS))
def test_every_verb_has_help(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert 0 == main([verb, "--help"])
    assert f"usage: jupyter training {verb}" in capsys.readouterr().out


def test_no_words_are_a_question_and_no_success(capsys: pytest.CaptureFixture[str]) -> None:
    assert 2 == main([])
    assert "usage:" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["sbmit", "x.py"], "Did you mean 'submit'?"),
        (["list"], "Did you mean 'jobs'?"),
        (["train.py"], "submit train.py"),
        (["--url", "jobs"], "Options come behind it"),
        (["submit", "x.py", "--nmae", "a"], "Did you mean --name?"),
        (["submit", "x.py", "--prio"], "Did you mean --priority?"),
        (["jobs", "--statee=failed"], "Did you mean --state?"),
        (["jobs", "--state", "runing"], "Did you mean 'running'?"),
        (["submit", "x.py", "--slots", "many"], "'many' is not a whole number"),
        (["submit", "x.py", "--cpus", "NaN"], "'NaN' is not a number"),
        (["submit", "x.py", "--tag", "novalue"], "KEY=VALUE"),
        (["submit", "x.py", "--metrics", "on"], "invalid choice"),
        (["submit", "x.py", "y"], "'y' is neither an option nor key=value"),
        (["jobs", "--", "x"], "takes nothing behind --"),
        (["submit"], "needs the path of a script"),
        (["show"], "required: JOB"),
        (["wait", "x", "--timeout", "soon"], "not a duration"),
        (["logs", "x", "-n", "0"], "must be 1 or more"),
        (["pool"], "needs one of: list, add, set, remove"),
        (["pool", "sett"], "Did you mean 'set'?"),
        (["pool", "list", "--jsn"], "Did you mean --json?"),
        (["submit", "x.py", "lr=1", "lr=2"], "lr is given twice"),
        (["submit", "x.py", "lr=__import__('os')"], "There is no file"),
        (["submit", "x.py", "lr=[1, two]"], "never evaluated"),
        (["submit", "x.py", "-f", "/no/such/file.yaml"], "can't be read"),
    ],
)
def test_wrong_use_is_a_sentence_and_exit_code_2(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert 2 == main(words)
    captured = capsys.readouterr()
    assert said in captured.err
    assert "Traceback" not in captured.err
    assert "" == captured.out


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (JobFailed("x", job={}), 1),
        (InvalidUsage("x"), 2),
        (InvalidSpec("x"), 2),
        (UnknownPool("x"), 2),
        (UnknownJob("x"), 3),
        (AmbiguousJob("x"), 3),
        (IllegalVerb("x"), 3),
        (Forbidden("x"), 3),
        (ServerUnreachable("x"), 3),
        (StoreTooNew("x"), 3),
        (Internal("x"), 3),
    ],
)
def test_exit_codes(error: TrainingError, code: int) -> None:
    assert code == exit_code(error)


def test_values_are_read_and_never_evaluated() -> None:
    words = ["train.py", "lr=1e-3", "n=3", "on=true", "off=False", "none=null", "text=adam", "quoted='1'"]
    words += ["sizes=[64, 32]", "empty_dict={}", "path=a/b=c", "\u03b1=0.7"]
    (script,), params = split(words)
    assert "train.py" == script
    assert {
        "lr": 1e-3,
        "n": 3,
        "on": True,
        "off": False,
        "\u03b1": 0.7,
        "none": None,
        "text": "adam",
        "quoted": "1",
        "sizes": [64, 32],
        "empty_dict": {},
        "path": "a/b=c",
    } == params


def test_with_json_an_error_is_a_problem_document_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert 2 == main(["jobs", "--state", "runing", "--json"])
    captured = capsys.readouterr()
    assert "invalid_usage" == json.loads(captured.out)["code"]
    assert "Did you mean 'running'?" in captured.err


def test_schema_prints_one_shape_all_of_them_or_their_names(capsys: pytest.CaptureFixture[str]) -> None:
    assert 0 == main(["schema", "JobView"])
    assert {"id", "state", "metrics"} <= set(json.loads(capsys.readouterr().out)["properties"])
    assert 0 == main(["schema"])
    assert {"SubmitRequest", "JobPage"} <= set(json.loads(capsys.readouterr().out)["$defs"])
    assert 0 == main(["schema", "--list"])
    assert "JobView" in capsys.readouterr().out
    assert 3 == main(["schema", "JobVeiw"])
    assert "Did you mean JobView?" in capsys.readouterr().err


def test_a_settings_file_with_a_mistake_is_bad_configuration(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home.mkdir()
    (home / "settings.toml").write_text("local_slotss = 3\n")
    assert 2 == main(["jobs"])
    assert "Did you mean 'local_slots'?" in capsys.readouterr().err


def test_help_needs_nothing_heavy() -> None:
    """Loaded modules are the steady measure of a quick start; seconds on a busy machine are not."""
    code = (
        "import sys; from jupyter_training.cli import main\n"
        "assert main(['--help']) == 0 and main(['submit', '--help']) == 0\n"
        "heavy = {'pydantic', 'sqlalchemy', 'rich', 'yaml', 'tornado', 'numpy', 'mlflow'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (0, "") == (done.returncode, done.stderr)


@pytest.mark.parametrize("words", [["schema"], ["jobs", "--state", "x", "--json"]])
def test_a_reader_that_leaves_early_is_no_error(words: list[str]) -> None:
    code = f"import sys; from jupyter_training.cli import main; sys.exit(main({words}))"
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert child.stdout is not None
    assert child.stderr is not None
    child.stdout.close()
    said = child.stderr.read()
    child.stderr.close()
    assert (141, b"Traceback" in said) == (child.wait(60), False)
    assert (words == ["schema"]) == (said == b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is full")
@pytest.mark.parametrize("words", [["schema"], ["--version"]])
def test_a_full_disk_below_the_output_is_a_sentence(words: list[str]) -> None:
    code = f"import sys; from jupyter_training.cli import main; sys.exit(main({words}))"
    with open("/dev/full", "wb") as full:
        done = subprocess.run([sys.executable, "-c", code], stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
    said = "error: What was to be printed can't be written: No space left on device.\n"
    assert (3, said) == (done.returncode, done.stderr)


@pytest.mark.parametrize(
    ("encoding", "written"), [("latin-1", b'"\\u03b1 \\u00fc"\n'), ("utf-8", b'"\xce\xb1 \xc3\xbc"\n')]
)
def test_json_is_whole_whatever_the_output_can_show(
    encoding: str, written: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(kept, encoding, errors="replace", write_through=True))
    say.as_json("\u03b1 \u00fc")
    assert written == kept.getvalue()


PLACE = ("queue", "queue update", "queue update-batch", "queue after")
LIFE = ("cancel", "kill", "pause", "activate", "retry", "resume", "fork", "continue", "checkpoints", "archive",
        "unarchive", "delete")  # fmt: skip


@pytest.mark.parametrize("verb", [*LIFE, *PLACE])
def test_a_verb_has_the_options_that_the_magic_of_its_name_has(verb: str) -> None:
    first, _, below = verb.partition(" ")
    parser = Parser(prog=first)
    parser.set_defaults(verb=first)
    importlib.import_module(f"jupyter_training.cli.{VERBS[first].file}").arguments(parser)
    parser = parser._verbs[below] if below else parser
    notebook_only = {"-o", "--quiet", "-q"}
    wanted = {flag for option in MAGICS[verb].options for flag in option.flags} - notebook_only
    assert wanted <= set(parser._option_string_actions)


def test_a_line_of_a_log_ends_where_a_line_does_and_nowhere_else() -> None:
    bar = "\r".join(f"{step}/60" for step in range(60))
    assert f"a\nb\n{bar}\n" == logs._last_lines(f"before\na\nb\n{bar}\n", 3)
    assert "b\u2028c\x0bd\nend" == logs._last_lines("a\nb\u2028c\x0bd\nend", 2)
    assert ("", "\n", "a") == (logs._last_lines("", 2), logs._last_lines("a\n\n", 1), logs._last_lines("a", 5))
