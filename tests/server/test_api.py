"""Answers as a client sees them: what is made, what is waited for, what is downloaded."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from jupyter_training.core.job import Job
from jupyter_training.errors import UnknownJob
from jupyter_training.server.desk import account
from jupyter_training.services import descend, resuming, retention
from tests.server.house import House, house, wish


@pytest.fixture(scope="module")
def living(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with house(tmp_path_factory.mktemp("api") / "home", base_url="/user/ada/") as living:
        yield living


def keep(living: House, job: str, name: str, content: bytes) -> str:
    """Put a file into the job's output folder; the id that its list gives it."""
    path = living.settings.outputs / job / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    (found,) = [one for one in living.get(f"jobs/{job}/artifacts")["artifacts"] if one["name"] == name]
    artifact: str = found["id"]
    return artifact


def test_a_new_job_has_an_address_below_the_base_url(living: House) -> None:
    answer = living.ask("POST", "jobs", body=wish(name="first"))
    job = answer.json["job"]
    assert (201, True, "first", account()) == (answer.status, answer.json["created"], job["name"], job["user"])
    assert f"/user/ada/jupyter-training/api/v1/jobs/{job['id']}" == answer.headers["location"]
    assert ("application/json", "no-store") == (answer.headers["content-type"], answer.headers["cache-control"])


def test_the_same_submit_again_gives_the_same_job_and_200(living: House) -> None:
    body = wish()
    first = living.ask("POST", "jobs", body=body).json
    again = living.ask("POST", "jobs", body=body)
    assert (200, False, first["job"]["id"]) == (again.status, again.json["created"], again.json["job"]["id"])


def test_a_result_per_job_for_a_verb(living: House) -> None:
    job = living.submit()
    answer = living.ask("POST", "verbs", body={"verb": "cancel", "jobs": [job, "aaaaaaaaaa"]})
    done, unknown = answer.json["results"]
    assert (200, True, "unknown_job") == (answer.status, done["ok"], unknown["problem"]["code"])


def test_a_repeated_parameter_is_a_list(living: House) -> None:
    living.submit(name="listed")
    page = living.get("jobs?state=queued&state=running&name=listed")
    assert ["listed"] == [one["name"] for one in page["jobs"]]


def test_head_gives_the_headers_of_get(living: House) -> None:
    answer = living.ask("HEAD", "info")
    assert (200, b"") == (answer.status, answer.content)
    assert 0 < int(answer.headers["content-length"])


def test_waiting_for_a_job_ends_with_its_next_change(living: House) -> None:
    job = living.submit()
    seen = living.get(f"jobs/{job}")
    with ThreadPoolExecutor(1) as waiter:
        answer = waiter.submit(living.get, f"jobs/{job}?after={seen['version']}&wait=20")
        living.ask("POST", "verbs", body={"verb": "cancel", "jobs": [job]})
        found = answer.result(5)
    assert found["version"] > seen["version"]
    assert ("cancel", "stopping") == (found["desired"], found["phase"])


def test_waiting_for_a_job_without_news_ends_when_the_patience_does(living: House) -> None:
    job = living.submit()
    version = living.get(f"jobs/{job}")["version"]
    began = time.monotonic()
    assert version == living.get(f"jobs/{job}?after={version}&wait=0.3")["version"]
    assert 0.25 < time.monotonic() - began < 5


def test_news_that_are_there_already_are_not_waited_for(living: House) -> None:
    job = living.submit()
    began = time.monotonic()
    living.get(f"jobs/{job}?after=0&wait=20")
    assert time.monotonic() - began < 5


def test_an_unknown_job_is_not_waited_for(living: House) -> None:
    assert 404 == living.ask("GET", "jobs/aaaaaaaaaa?after=0&wait=20").status


def test_many_who_wait_hold_no_thread(living: House) -> None:
    """More waiting readers than the server has threads, and it answers others at once."""
    jobs = [living.submit() for _ in range(3)]
    versions = {job: living.get(f"jobs/{job}")["version"] for job in jobs}
    with ThreadPoolExecutor(24) as waiters:
        answers = [
            waiters.submit(living.get, f"jobs/{job}?after={versions[job]}&wait=20") for job in jobs for _ in range(8)
        ]
        began = time.monotonic()
        living.get("info")
        quick = time.monotonic() - began
        living.ask("POST", "verbs", body={"verb": "cancel", "jobs": jobs})
        assert {"stopping"} == {answer.result(10)["phase"] for answer in answers}
    assert quick < 2


@pytest.mark.parametrize(
    ("address", "body", "long"),
    [
        ("jobs/aaaaaaaaaa/continue", {"key": "key-12345678"}, True),
        ("jobs/aaaaaaaaaa/retention", {"keep": {}, "apply": True}, True),
        ("jobs", wish(resume=True), True),
        ("jobs", wish(config={"text": "resume: true"}), True),
        ("jobs/aaaaaaaaaa/fork", {"key": "key-12345678"}, False),
    ],
)
def test_what_reads_or_removes_checkpoints_holds_no_thread_that_answers_others(
    living: House, monkeypatch: pytest.MonkeyPatch, address: str, body: dict[str, object], long: bool
) -> None:
    threads: list[str] = []

    def asked(*_: object) -> Job:
        threads.append(threading.current_thread().name)
        raise UnknownJob("There is none.")

    for module in (descend, retention):
        monkeypatch.setattr(module, "known", asked)
    monkeypatch.setattr(resuming, "submit_or_resume", asked)
    assert 404 == living.ask("POST", address, body=body).status
    assert [long] == [name.startswith("jupyter-training-long") for name in threads]


def test_a_download_is_never_shown_as_a_page_of_ours(living: House) -> None:
    job = living.submit()
    content = b"<script>alert(document.cookie)</script>"
    artifact = keep(living, job, "plots/größe 1.html", content)
    answer = living.ask("GET", f"jobs/{job}/artifacts/{artifact}")
    assert (200, content) == (answer.status, answer.content)
    assert "attachment; filename*=utf-8''gr%C3%B6%C3%9Fe%201.html" == answer.headers["content-disposition"]
    assert "nosniff" == answer.headers["x-content-type-options"]
    assert "sandbox" in answer.headers["content-security-policy"]
    assert "text/html" == answer.headers["content-type"]


def test_a_large_download_comes_in_pieces_and_whole(living: House) -> None:
    job = living.submit()
    content = os.urandom(3_000_001)
    artifact = keep(living, job, "model.bin", content)
    answer = living.ask("GET", f"jobs/{job}/artifacts/{artifact}")
    assert content == answer.content
    assert str(len(content)) == answer.headers["content-length"]
    head = living.ask("HEAD", f"jobs/{job}/artifacts/{artifact}")
    assert (200, b"", str(len(content))) == (head.status, head.content, head.headers["content-length"])


def test_an_empty_file_is_downloaded_too(living: House) -> None:
    job = living.submit()
    artifact = keep(living, job, "empty.txt", b"")
    answer = living.ask("GET", f"jobs/{job}/artifacts/{artifact}")
    assert (200, b"") == (answer.status, answer.content)


def test_a_link_out_of_the_output_folder_leads_nowhere(living: House) -> None:
    job = living.submit()
    artifact = keep(living, job, "real.txt", b"mine")
    path = living.settings.outputs / job / "real.txt"
    path.unlink()
    path.symlink_to("/etc/passwd")
    assert 404 == living.ask("GET", f"jobs/{job}/artifacts/{artifact}").status
    assert [] == living.get(f"jobs/{job}/artifacts")["artifacts"]


@pytest.mark.parametrize("name", ["real.txt", "deep/real.txt"])
def test_an_output_folder_that_is_a_link_leads_nowhere(living: House, name: str) -> None:
    """A job can rename its folder and put a link in its place, to whatever the server may read."""
    job = living.submit()
    artifact = keep(living, job, name, b"mine")
    folder = living.settings.outputs / job
    folder.rename(folder.with_name(f"{job}-aside"))
    folder.symlink_to(folder.with_name(f"{job}-aside"))
    assert [] == living.get(f"jobs/{job}/artifacts")["artifacts"]
    assert 404 == living.ask("GET", f"jobs/{job}/artifacts/{artifact}").status


def test_curves_and_log_of_a_job_that_ran(living: House) -> None:
    job = living.submit()
    script = living.dispatching()
    script.run(job)
    for step in range(3):
        script.report(job, step, loss=1 / (step + 1))
    (series,) = living.get(f"jobs/{job}/metrics?name=loss")["series"]
    assert [0, 1, 2] == [point[0] for point in series["points"]]
    assert {"text": "", "size": 0, "end": False} == {
        key: value for key, value in living.get(f"jobs/{job}/logs").items() if key in ("text", "size", "end")
    }


def test_many_submits_at_once_make_as_many_jobs(living: House) -> None:
    before = living.get("info")["head"]
    with ThreadPoolExecutor(16) as many:
        ids = list(many.map(lambda _: living.submit(), range(40)))
    assert 40 == len(set(ids))
    assert before + 40 == living.get("info")["head"]


def test_one_key_from_many_at_once_makes_one_job(living: House) -> None:
    body = json.loads(json.dumps(wish()))
    gate = threading.Barrier(10)

    def send(_: int) -> str:
        gate.wait()
        found: str = living.ask("POST", "jobs", body=body).json["job"]["id"]
        return found

    with ThreadPoolExecutor(10) as many:
        assert 1 == len(set(many.map(send, range(10))))


def a_cell(text: str, **more: object) -> dict[str, object]:
    files = [{"path": "cell.py", "text": text}]
    entry = {"kind": "cell", "path": "cell.py", "shown_as": "cell [1] of a.ipynb"}
    return wish(name="same-cell", files=files, entry=entry, origin={"notebook": "a.ipynb"}, **more)


def test_the_same_cell_again_is_the_same_job_and_a_changed_one_says_what_still_waits(living: House) -> None:
    first = living.ask("POST", "jobs", body=a_cell("lr = 0.1\n", if_exists="reuse")).json
    again = living.ask("POST", "jobs", body=a_cell("lr = 0.1\n", if_exists="reuse"))
    assert (200, True, first["job"]["id"], []) == (
        again.status,
        again.json["reused"],
        again.json["job"]["id"],
        again.json["notes"],
    )
    refused = living.ask("POST", "jobs", body=a_cell("lr = 0.1\n", if_exists="error"))
    assert (409, "job_exists") == (refused.status, refused.json["code"])
    assert first["job"]["id"] in refused.json["detail"]
    changed = living.ask("POST", "jobs", body=a_cell("lr = 0.2\n", if_exists="reuse")).json
    assert changed["created"]
    sentence = f"same-cell {first['job']['id'][:6]} still waits with the code before; this is a new job."
    assert [sentence] == changed["notes"]


def test_a_list_by_filter_and_in_the_order_of_the_queue(living: House) -> None:
    later, sooner = (
        living.submit(name=f"filtered-{level}", priority=level, params={"lr": level / 10}) for level in (9, 8)
    )
    assert [later] == [job["id"] for job in living.get("jobs?filter=filtered%20lr%3E0.85")["jobs"]]
    first = living.get("jobs?filter=filtered&sort=queue&limit=1")
    second = living.get(f"jobs?filter=filtered&sort=queue&limit=1&after={first['next']}")
    assert [sooner, later] == [page["jobs"][0]["id"] for page in (first, second)]
    assert None is second["next"]


def test_a_mistake_in_a_filter_is_shown_at_its_column(living: House) -> None:
    refused = living.ask("GET", "jobs?filter=state:faild")
    (problem,) = refused.json["errors"]
    assert (400, "invalid_request", 7) == (refused.status, refused.json["code"], problem["column"])
    assert "Did you mean 'failed'?" == refused.json["hint"]
    assert 400 == living.ask("GET", "jobs?sort=queue&state=running").status


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.png", "image/png"),
        ("a.jpg", "image/jpeg"),
        ("a.gif", "image/gif"),
        ("a.webp", "image/webp"),
        ("a.svg", "image/svg+xml"),
        ("a.txt", "text/plain"),
        ("a.csv", "text/csv"),
        ("a.json", "application/json"),
    ],
)
def test_what_is_safe_may_be_shown_in_a_page(living: House, name: str, kind: str) -> None:
    job = living.submit()
    artifact = keep(living, job, name, b"content")
    answer = living.ask("GET", f"jobs/{job}/artifacts/{artifact}?inline=true")
    assert (200, b"content", kind) == (answer.status, answer.content, answer.headers["content-type"])
    assert answer.headers["content-disposition"].startswith("inline;")
    assert "nosniff" == answer.headers["x-content-type-options"]
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "sandbox" in policy
    assert "allow" not in policy


@pytest.mark.parametrize("name", ["a.html", "a.pdf", "a.js", "a.xml", "a.xhtml", "a.bin", "a", "a.svgz"])
def test_anything_else_is_only_downloaded(living: House, name: str) -> None:
    job = living.submit()
    artifact = keep(living, job, name, b"<script>alert(1)</script>")
    refused = living.ask("GET", f"jobs/{job}/artifacts/{artifact}?inline=true")
    assert (400, "Download it instead.") == (refused.status, refused.json["hint"])
    assert 200 == living.ask("GET", f"jobs/{job}/artifacts/{artifact}?inline=false").status


def test_as_much_code_can_be_planned_as_submitted(living: House) -> None:
    files = [{"path": "train.py", "text": "x = 1\n"}, {"path": "words.txt", "text": "x" * 5_000_000}]
    asked = wish(name="much", files=files, entry={"kind": "script", "path": "train.py"})
    assert 200 == living.ask("POST", "plans", body=asked).status


def test_a_plan_says_what_a_submit_would_store_and_stores_nothing(living: House) -> None:
    before = living.get("info")["head"]
    blobs = sorted(living.settings.blobs.iterdir())
    taken = [{"name": "X", "kind": "npy", "sha256": "0" * 64, "size": 800, "words": "array 100"}]
    planned = living.ask("POST", "plans", body=wish(name="planned", params={"lr": 0.1}, priority=7, data=taken)).json
    assert ("planned", {"lr": 0.1}, "local", 7) == (
        planned["spec"]["name"],
        planned["spec"]["params"],
        planned["pool"],
        planned["priority"],
    )
    assert ([{"path": "train.py", "size": 15}], {"code": 15, "data": 800}) == (planned["files"], planned["sizes"])
    assert [{"name": "X", "kind": "npy", "words": "array 100", "size": 800}] == planned["data"]
    assert (before, blobs) == (living.get("info")["head"], sorted(living.settings.blobs.iterdir()))
    assert 422 == living.ask("POST", "plans", body=wish(resources={"slots": 100_000})).status


def test_a_jobs_code_and_cell_are_given_back(living: House) -> None:
    job = living.ask("POST", "jobs", body=a_cell("lr = 0.5\nprint(lr)\n")).json["job"]["id"]
    assert {"text": "%%train same-cell\nlr = 0.5\nprint(lr)\n"} == living.get(f"jobs/{job}/cell")
    code = living.get(f"jobs/{job}/code")
    assert ("cell.py", ["lr = 0.5\nprint(lr)\n"]) == (code["entry"], [file["text"] for file in code["files"]])
    assert {404} == {
        living.ask("GET", f"jobs/aaaaaaaaaa/{what}").status for what in ("cell", "code", "log-matches?pattern=x")
    }


def test_a_config_is_judged_at_its_lines(living: House) -> None:
    right = living.ask("POST", "configs", body={"text": "priority: 7\nresources: {slots: 1}\n"})
    assert (200, 7) == (right.status, right.json["values"]["priority"])
    wrong = living.ask("POST", "configs", body={"text": "name: a\nprioritty: 7\n", "name": "big"})
    (problem,) = wrong.json["errors"]
    assert (422, 2, 1, "Did you mean 'priority'?") == (
        wrong.status,
        problem["line"],
        problem["column"],
        problem["hint"],
    )


@pytest.mark.parametrize("text", ["name: a\nparams: !!bool foo\n", "name: a\nparams: " + "[" * 3_000])
def test_a_config_that_can_not_be_read_is_the_mistake_of_who_wrote_it(living: House, text: str) -> None:
    answer = living.ask("POST", "configs", body={"text": text})
    assert (422, [2]) == (answer.status, [problem["line"] for problem in answer.json["errors"]])


def test_the_light_side_is_a_folder_of_this_machine(living: House) -> None:
    found = living.get("light")
    assert os.path.isfile(os.path.join(found["path"], "jupyter_training", "kernel", "magics.py"))
    assert os.path.isfile(found["python"])
