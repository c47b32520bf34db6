"""A context, from a folder to the job that works in it: by the command line, the client and the store behind them."""

from __future__ import annotations

import importlib
import io
import json
import os
import tarfile
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from jupyter_training.cli.main import main
from jupyter_training.client import submission
from jupyter_training.client.client import Client
from jupyter_training.client.http import HttpTransport
from jupyter_training.client.local import LocalTransport
from jupyter_training.errors import InvalidSpec, TooLarge
from jupyter_training.settings import Settings
from tests.client.places import fresh_home, headless

pytestmark = pytest.mark.processes

SHOW = """
import json, os, sys
from jupyter_training import output
import pkg.model
found = sorted(os.path.relpath(os.path.join(here, name)) for here, _, names in os.walk(".") for name in names
               if not name.endswith(".pyc"))
with open(output("seen.json"), "w") as out:
    json.dump({"files": found, "answer": pkg.model.answer, "X": os.environ.get("X"), "words": sys.argv[1:]}, out)
print("trained")
"""


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with fresh_home() as home:
        settings = Settings.load(home)
        with Client(settings=settings, transport=LocalTransport(settings)) as found:
            found.set_pool("local", slots=2)
            yield found


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "project"
    (folder / "src" / "pkg").mkdir(parents=True)
    (folder / "train.py").write_text(SHOW)
    (folder / "src" / "pkg" / "model.py").write_text("answer = 42\n")
    (folder / "pkg").symlink_to("src/pkg")
    (folder / "data.txt").write_text("1 2 3")
    (folder / "run.sh").write_text("echo\n")
    (folder / "run.sh").chmod(0o755)
    (folder / "noise.bin").write_bytes(bytes(100))
    (folder / ".trainignore").write_text("*.bin\n")
    monkeypatch.chdir(folder)
    return folder


def seen(client: Client, job: str) -> dict[str, Any]:
    (kept,) = client.artifacts(job)
    found: dict[str, Any] = json.loads(client.artifact(job, kept["id"]))
    return found


def test_a_script_works_in_its_context(client: Client, project: Path) -> None:
    handle = client.submit("train.py", context=".", lr=0.1, wait=True)
    found = seen(client, handle.id)
    assert ["data.txt", "run.sh", "src/pkg/model.py", "train.py"] == found["files"]
    assert (42, ["--lr", "0.1"]) == (found["answer"], found["words"])
    code = client.settings.spool_root / handle.id / "1" / "code"
    assert os.access(code / "run.sh", os.X_OK) and not os.access(code / "data.txt", os.X_OK)
    assert "../src/pkg" != os.readlink(code / "pkg") == "src/pkg"


def test_a_script_in_a_folder_of_the_context_stays_there(client: Client, project: Path) -> None:
    (project / "jobs").mkdir()
    (project / "jobs" / "near.py").write_text("answer = 43\n")
    (project / "jobs" / "train.py").write_text(f"import near{SHOW}assert near.answer == 43\n")
    handle = client.submit("jobs/train.py", context=".", wait=True)
    assert "jobs/train.py" == client.job(handle.id)["spec"]["entry"]["path"]
    assert "jobs/near.py" in seen(client, handle.id)["files"]


def test_a_function_works_in_its_context(client: Client, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / "counting_words.py").write_text(
        "def count():\n    from jupyter_training import report\n"
        "    report(numbers=len(open('data.txt').read().split()))\n"
    )
    monkeypatch.syspath_prepend(str(project))
    function = importlib.import_module("counting_words").count
    monkeypatch.chdir("/")
    handle = client.submit(function, context=project, wait=True)
    assert 3 == client.job(handle.id)["metrics"]["numbers"]["last"]


def test_the_command_line_says_size_and_count_and_runs_it(
    client: Client, project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("JUPYTER_TRAINING_HOME", str(client.settings.home))
    monkeypatch.setenv("JUPYTER_TRAINING_URL", "home")
    assert 0 == main(["submit", "train.py", "--context", ".", "--dry-run"])
    shown = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert any(line.startswith("context . · 5 files, ") for line in shown), shown
    assert any(line.startswith("largest 'train.py' · ") for line in shown)
    assert 0 == main(["submit", "train.py", "--context", ".", "--wait", "--json"])
    printed = capsys.readouterr()
    assert "Context '.': 5 files, " in printed.err
    assert 42 == seen(client, json.loads(printed.out)["id"])["answer"]
    (project / "job.yaml").write_text("context: .\n")
    assert 0 == main(["submit", "train.py", "-f", "job.yaml", "--wait", "--json"])
    assert 42 == seen(client, json.loads(capsys.readouterr().out)["id"])["answer"]
    assert 2 == main(["submit", "train.py", "--context", "train.py"])
    assert "'train.py' is a file, and a context is a folder" in capsys.readouterr().err


def test_the_command_line_says_which_of_two_scripts_it_takes(
    client: Client, project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("JUPYTER_TRAINING_HOME", str(client.settings.home))
    monkeypatch.setenv("JUPYTER_TRAINING_URL", "home")
    monkeypatch.chdir(project.parent)
    for named in ("project/train.py", "train.py"):
        assert 0 == main(["submit", named, "--context", "project", "--dry-run"])
        assert "" == capsys.readouterr().err
    (project.parent / "train.py").write_text("print('another')\n")
    assert 0 == main(["submit", "train.py", "--context", "project", "--dry-run"])
    assert f"'train.py' is taken to be '{project / 'train.py'}', not " in capsys.readouterr().err


def test_a_config_text_may_name_it(client: Client, project: Path) -> None:
    handle = client.submit("train.py", config={"text": "context: .\nparams: {lr: 1}\n"}, wait=True)
    assert ["--lr", "1"] == seen(client, handle.id)["words"]


def test_it_goes_over_a_socket_once(client: Client, project: Path, tmp_path: Path) -> None:
    (project / "weights").write_bytes(os.urandom(5_000_000))
    with headless(client.settings.home, folder=tmp_path) as note:
        transport = HttpTransport(socket_path=note["socket"], token=note["token"])
        with Client(settings=client.settings, transport=transport) as other:
            packed = other.pack(".")
            assert [True, False] == [other.put_data(packed), other.put_data(packed)]
            handle = other.submit("train.py", context=".", wait=True)
    assert "weights" in seen(client, handle.id)["files"]


def test_the_hook_runs_before_the_training(client: Client, project: Path) -> None:
    (project / "startup-hook.sh").write_text('export X="$(cat data.txt)"\necho hooked > made.txt\necho in the hook\n')
    handle = client.submit("train.py", context=".", wait=True)
    found = seen(client, handle.id)
    assert "1 2 3" == found["X"]
    assert "made.txt" in found["files"]
    assert ["in the hook", "trained"] == client.logs(handle.id)["text"].splitlines()


def test_a_hook_that_fails_fails_the_attempt(client: Client, project: Path) -> None:
    (project / "startup-hook.sh").write_text("echo in the hook\nexit 3\n")
    handle = client.submit("train.py", context=".")
    view = client.wait(handle.id)
    assert ("failed", "error") == (view["state"], view["reason"])
    assert "startup-hook.sh: it ended with exit status 3 after" in view["sentence"]
    assert "the training did not begin" in view["sentence"]
    assert 3 == view["attempts"][0]["exit_code"]
    log = client.logs(handle.id)["text"]
    assert "in the hook" in log and "trained" not in log


def test_code_is_tried_in_its_context_after_its_hook(
    client: Client, project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("JUPYTER_TRAINING_HOME", str(client.settings.home))
    monkeypatch.setenv("JUPYTER_TRAINING_URL", "home")
    words = ["submit", "train.py", "--context", ".", "--test", "--json"]
    (project / "train.py").write_text(
        "import os, pkg.model\nfrom jupyter_training import report\nreport(x=float(os.environ['X']))\n"
    )
    (project / "startup-hook.sh").write_text("export X=1\n")
    assert 0 == main(words)
    assert json.loads(capsys.readouterr().out)["ok"]
    (project / "startup-hook.sh").write_text("exit 3\n")
    assert 1 == main(words)
    assert "startup-hook.sh: it ended with exit status 3" in capsys.readouterr().out


def test_a_hook_that_hangs_fails_the_attempt(project: Path) -> None:
    (project / "startup-hook.sh").write_text("echo in the hook\nsleep 600\n")
    with fresh_home() as home:
        (home / "settings.toml").write_text("hook_within = 0.5\n")
        settings = Settings.load(home)
        with Client(settings=settings, transport=LocalTransport(settings)) as client:
            view = client.wait(client.submit("train.py", context=".").id)
            log = client.logs(view["id"])["text"]
    assert ("failed", "error") == (view["state"], view["reason"])
    assert "startup-hook.sh: it had not ended after 0.5 s, its limit, and was stopped" in view["sentence"]
    assert "in the hook" in log and "trained" not in log


# --- what a server is told by others than our client ----------------------------------------------------------------


def archive(*infos: tarfile.TarInfo, content: bytes = b"") -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for info in infos:
            tar.addfile(info, io.BytesIO(content) if info.isreg() else None)
    return out.getvalue()


def entry(name: str, kind: bytes = tarfile.REGTYPE, target: str = "", size: int = 0) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.size = kind, target, size
    return info


def negative() -> bytes:
    info = tarfile.TarInfo("a")
    info.pax_headers = {"size": "-5"}
    return info.tobuf(tarfile.PAX_FORMAT) + bytes(1024)


@pytest.fixture
def send(client: Client, project: Path) -> Callable[..., Any]:
    def submit(content: bytes, *, files: int = 1, size: int = 0, put: bool = True) -> Any:
        digest = sha256(content).hexdigest()
        if put:
            client.transport.request("PUT", f"data/{digest}", body=content)
        wish = submission.request("train.py", (), {}, limit=10**6)
        return client.submit_request({**wish, "context": {"sha256": digest, "size": size, "files": files}})

    return submit


BAD = {
    "no archive": (b"no tar at all", "is no tar archive"),
    "compressed": (b"\x1f\x8b\x08" + bytes(600), "is no tar archive"),
    "a name above": (archive(entry("../x")), "'../x', which is not inside"),
    "a name within above": (archive(entry("a/../../x")), "'a/../../x', which is not inside"),
    "an absolute name": (archive(entry("/etc/x")), "'/etc/x', which is not inside"),
    "a link above": (archive(entry("a/b", tarfile.SYMTYPE, "../../x")), "link 'a/b' to '../../x', outside"),
    "an absolute link": (archive(entry("a", tarfile.SYMTYPE, "/etc/passwd")), "link 'a' to '/etc/passwd', outside"),
    "a hard link": (archive(entry("a", tarfile.LNKTYPE, "b")), "'a', which is no file, folder or link"),
    "a device": (archive(entry("a", tarfile.CHRTYPE)), "'a', which is no file, folder or link"),
    "a pipe": (archive(entry("a", tarfile.FIFOTYPE)), "'a', which is no file, folder or link"),
    "below a link": (archive(entry("a", tarfile.SYMTYPE, "b"), entry("a/c")), "'a/c' below a link"),
    "below a file": (archive(entry("a"), entry("a/c")), "'a/c' below a file"),
    "twice": (archive(entry("a"), entry("./a")), "'a' twice"),
    "a negative size": (negative(), "'a' with a size that is none|no tar archive"),
    "cut off": (archive(entry("a", size=5000), content=bytes(5000))[:2000], "is no tar archive|ends within"),
}


@pytest.mark.parametrize("name", BAD)
def test_an_archive_that_is_no_context_is_refused_before_the_job(send: Callable[..., Any], name: str) -> None:
    content, words = BAD[name]
    with pytest.raises(InvalidSpec, match=f"context: its archive .*({words})") as caught:
        send(content)
    assert "context" == caught.value.errors[0].key


def test_what_was_not_sent_or_is_said_wrongly_is_refused(send: Callable[..., Any]) -> None:
    with pytest.raises(InvalidSpec, match="has not been sent"):
        send(archive(entry("never")), put=False)
    with pytest.raises(InvalidSpec, match="has 1 files of 0 bytes, not 2 of 0"):
        send(archive(entry("a")), files=2)


def test_the_server_has_a_limit_of_its_own(client: Client, send: Callable[..., Any]) -> None:
    size = client.settings.context_limit_bytes + 1
    info = entry("big.bin", size=size)
    with pytest.raises(TooLarge, match=r"The context has 95\.0 MiB; the limit here is 95 MiB\. Largest: 'big\.bin'"):
        send(info.tobuf() + bytes(size + 4096 - size % 512), size=size)
