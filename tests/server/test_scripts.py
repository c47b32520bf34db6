"""Scripts are those below the server's root folder, and no others; they run where a kernel would."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from jupyter_training.client.local import LocalTransport
from jupyter_training.errors import InvalidUsage
from jupyter_training.server.scripts import Scripts
from tests.server.house import Answer, House, house

SCRIPT = """\
import argparse

import nearby

parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, default=0.1, help="learning rate")
parser.add_argument("--name", required=True)
"""


@pytest.fixture(scope="module")
def living(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with house(tmp_path_factory.mktemp("scripts") / "home") as living:
        folder = living.home / "größe 1"
        folder.mkdir()
        (folder / "train.py").write_text(SCRIPT)
        (folder / "nearby.py").write_text("x = 1\n")
        (folder / "notes.txt").write_text("hello")
        (folder / "broken.py").write_text("for\n")
        yield living


def show(living: House, path: str) -> Answer:
    return living.ask("GET", f"scripts?path={quote(path, safe='')}")


def submit(living: House, **wish: object) -> Answer:
    return living.ask("POST", "scripts", body={"path": "größe 1/train.py", **wish})


def test_a_scripts_parameters_are_shown(living: House) -> None:
    found = show(living, "größe 1/train.py").json
    assert ["lr", "name"] == [one["name"] for one in found["parameters"]]
    assert {
        "name": "lr",
        "flags": ["--lr"],
        "type": "float",
        "default": 0.1,
        "choices": None,
        "required": False,
        "help": "learning rate",
    } == found["parameters"][0]
    assert ("größe 1/train.py", []) == (found["path"], found["notes"])


def test_a_script_is_submitted_with_the_modules_beside_it_to_run_in_its_folder(living: House) -> None:
    answer = submit(living, params={"lr": 0.5}, args=["--quiet"], name="from-files", priority=7)
    assert 201 == answer.status, answer.content
    job = answer.json["job"]
    assert answer.headers["location"].endswith(f"jobs/{job['id']}")
    spec = living.get(f"jobs/{job['id']}")["spec"]
    folder = living.home / "größe 1"
    assert ("from-files", 7, {"lr": 0.5}) == (job["name"], job["priority"], job["params"])
    assert ["nearby.py", "train.py"] == sorted(file["path"] for file in spec["files"])
    assert ("script", ["--quiet"]) == (spec["entry"]["kind"], spec["entry"]["args"])
    environment = spec["environment"]
    assert (str(folder), Path(sys.executable)) == (environment["folder"], Path(environment["python"]))


def test_a_repeated_submit_with_its_key_is_one_job(living: House) -> None:
    first, again = (submit(living, key="files-once-1") for _ in range(2))
    assert (201, 200) == (first.status, again.status)
    assert first.json["job"]["id"] == again.json["job"]["id"]


@pytest.fixture(scope="module")
def traps(living: House, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside")
    (outside / "secret.py").write_text("password = 1\n")
    (living.home / "link.py").symlink_to(outside / "secret.py")
    (living.home / "linked").symlink_to(outside)
    (living.home / ".hidden").mkdir()
    (living.home / ".hidden" / "secret.py").write_text("password = 1\n")
    (living.home / ".secret.py").write_text("password = 1\n")
    (living.home.parent / "secret.py").write_text("password = 1\n")


@pytest.mark.parametrize(
    "path",
    [
        "../secret.py",
        "größe 1/../../secret.py",
        "/etc/passwd",
        "//secret.py",
        "link.py",
        "linked/secret.py",
        ".hidden/secret.py",
        ".secret.py",
        "größe 1/./train.py/../../../secret.py",
        "größe 1\\train.py",
        "größe 1",
        "train.py\0",
        "a" * 5000,
        "ü" * 300 + ".py",
    ],
)
@pytest.mark.usefixtures("traps")
def test_no_path_leads_out_of_the_root(living: House, path: str) -> None:
    for answer in (show(living, path), submit(living, path=path)):
        assert answer.status in (400, 404, 422), answer
        assert b"password" not in answer.content


def test_a_link_inside_of_the_root_is_as_good_as_what_it_stands_for(living: House) -> None:
    (living.home / "shortcut.py").symlink_to(living.home / "größe 1" / "train.py")
    assert 2 == len(show(living, "shortcut.py").json["parameters"])
    spec = living.get(f"jobs/{submit(living, path='shortcut.py').json['job']['id']}")["spec"]
    assert str(living.home / "größe 1") == spec["environment"]["folder"]


def test_what_is_no_script_is_told_with_the_near_miss(living: House) -> None:
    missing = show(living, "größe 1/trian.py")
    assert (404, "Did you mean 'train.py'?") == (missing.status, missing.json["hint"])
    assert 422 == show(living, "größe 1/notes.txt").status
    broken = show(living, "größe 1/broken.py")
    assert (422, 1) == (broken.status, broken.json["errors"][0]["line"])


def test_a_value_that_breaks_a_rule_is_told_by_its_key(living: House) -> None:
    assert (422, "priority: 100") == ((bad := submit(living, priority=100)).status, bad.json["detail"][:13])
    assert 422 == submit(living, params={"api_key": "x"}).status


def kernelspec(living: House, name: str, **spec: object) -> None:
    kernels = living.home.parent / "kernels"
    folder = kernels / name
    folder.mkdir(parents=True)
    known = living.app.kernel_spec_manager.kernel_dirs
    if str(kernels) not in known:
        known.append(str(kernels))
    (folder / "kernel.json").write_text(json.dumps({"display_name": name, "language": "python", "argv": [], **spec}))


def test_the_kernels_interpreter_and_variables_are_the_jobs(living: House) -> None:
    kernelspec(living, "mine", argv=[sys.executable, "-m", "ipykernel"], env={"OMP_X": "1", "MY_TOKEN": "s3cret"})
    job = submit(living, kernel="mine").json["job"]["id"]
    environment = living.get(f"jobs/{job}")["spec"]["environment"]
    assert (sys.executable, "1") == (environment["python"], environment["variables"]["OMP_X"])
    assert "s3cret" not in json.dumps(environment)


def test_a_kernel_that_is_none_or_no_python_is_refused(living: House) -> None:
    kernelspec(living, "julia-1", argv=["julia"], language="julia")
    unknown = submit(living, kernel="pythn3")
    assert (422, "Did you mean 'python3'?") == (unknown.status, unknown.json["hint"])
    assert "runs julia, not Python" in submit(living, kernel="julia-1").json["detail"]


def test_kernels_that_run_elsewhere_run_no_script_of_this_machine(living: House) -> None:
    class Gateway:
        async def get_kernel_spec(self, name: str) -> object: ...

    scripts = Scripts(living.home, Gateway())
    assert (sys.executable, {}) == scripts._interpreter(None)
    with pytest.raises(InvalidUsage, match="elsewhere"):
        scripts._interpreter("python3")


def test_a_script_that_would_hold_the_server_up_is_not_read(living: House) -> None:
    with (living.home / "huge.py").open("wb") as file:
        file.truncate(3_000_000)
    assert ["huge.py is too long to be read for parameters."] == show(living, "huge.py").json["notes"]
    refused = submit(living, path="huge.py")
    assert (413, "too_large") == (refused.status, refused.json["code"])
    assert "jupyter training submit huge.py" in refused.json["hint"]


def test_without_a_token_nothing_is_shown(living: House) -> None:
    assert 403 == living.ask("GET", "scripts?path=train.py", token=False).status


def test_a_server_that_shows_no_files_names_no_scripts() -> None:
    with pytest.raises(InvalidUsage, match="shows no files"):
        Scripts(None, None).show("train.py")


def test_in_process_a_script_is_submitted_by_its_file(living: House) -> None:
    transport = LocalTransport(living.settings)
    with pytest.raises(InvalidUsage, match="root folder"):
        transport.request("GET", "scripts", query={"path": "train.py"})
