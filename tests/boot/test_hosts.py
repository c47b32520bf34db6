"""Several hosts: each runs its own process on the same order, and one speaks for all."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from jupyter_training.boot import launching
from jupyter_training.boot.machine import Machine
from tests.boot.containers import Container
from tests.boot.torchrun import stand_in
from tests.runtime.attempts import until

Build = Callable[..., Container]

# Names that every machine knows.
HOSTS = ("127.0.0.1", "127.0.0.2")

# The first listens, the other one calls; a number is added up on the way.
SUM = """
import json, os, socket
from jupyter_training import report
hosts, here = json.loads(os.environ["SM_HOSTS"]), os.environ["SM_CURRENT_HOST"]
rank = int(os.environ["SM_CURRENT_HOST_RANK"])
assert hosts.index(here) == rank == int(os.environ["NODE_RANK"])
address = (os.environ["MASTER_ADDR"], int(os.environ["JT_TEST_PORT"]))
report(rank=rank)
if rank == 0:
    with socket.create_server(address) as server:
        other, _ = server.accept()
        with other: print("sum", 10 + int(other.recv(16)))
else:
    import time
    while True:
        try:
            connection = socket.create_connection(address)
            break
        except ConnectionRefusedError:
            time.sleep(0.05)
    with connection: connection.sendall(b"32")
    print("sent")
"""


def free_port() -> str:
    import socket

    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return str(one.getsockname()[1])


def test_two_hosts_find_each_other_and_one_speaks(container: Build) -> None:
    port = free_port()
    first, second = (container(SUM, root=host, host=host, hosts=HOSTS) for host in HOSTS)
    runs = [one.start(JT_TEST_PORT=port) for one in (first, second)]
    assert [0, 0] == [run.code for run in runs], [run.printed for run in runs]
    assert [["sum 42"], ["sent"]] == [run.printed for run in runs]
    assert [[(None, {"rank": 0})], []] == [run.points() for run in runs]
    assert ["boot", "exit"] == [event[0] for event in runs[1].records()]
    assert [0, 1] == [run.record("boot")["rank"] for run in runs]
    assert list(HOSTS) == [run.record("exit")["host"] for run in runs]


def test_two_hosts_that_save_alike_leave_one_checkpoint(container: Build) -> None:
    """The service copies the folder of each to the same place."""
    code = (
        "import os\nfrom jupyter_training import checkpoint\nhere = os.environ['SM_CURRENT_HOST']\n"
        "found = checkpoint.latest()\nprint(found.load()['host'] if found else 'anew')\n"
        "for step in range(1, 9): checkpoint.save({'host': here}, step=step + (found.step if found else 0))\n"
        "print(checkpoint.latest().load()['host'])\n"
    )
    keep = {"newest": 1, "best": 0, "metric": None, "mode": "min"}
    made = [container(code, root=host, host=host, hosts=HOSTS, checkpoints={"keep": keep}) for host in HOSTS]
    assert [["anew", HOSTS[0]], ["anew", HOSTS[1]]] == [one.run().printed for one in made]
    kept = [one.root / "checkpoints" for one in made]
    assert [3, 0] == [len(list(folder.iterdir())) for folder in kept]
    assert 3 == len(list((made[1].root / "output" / "jt" / "checkpoints").iterdir()))
    # What the first one saved is what all of them get back.
    shutil.copytree(kept[0], kept[1], dirs_exist_ok=True)
    again = [one.run().printed for one in made]
    assert [[HOSTS[0], HOSTS[0]], [HOSTS[0], HOSTS[1]]] == again


# Fails as soon as it is told to, as one whose neighbour has gone; what runs after it waits for the end that is wished.
LEFT_ALONE = """
import atexit, pathlib, time
from jupyter_training import should_stop
def until(name):
    while not pathlib.Path(name).exists(): time.sleep(0.01)
atexit.register(until, "end")
print("ready" if not should_stop() else "told", flush=True)
until("fail")
raise ConnectionResetError("connection closed by peer")
"""


def test_a_host_that_fails_since_the_others_left_for_a_pause_is_paused(container: Build) -> None:
    one = container(LEFT_ALONE, root=HOSTS[1], host=HOSTS[1], hosts=HOSTS)
    ran = one.start()
    ran.wait_for("ready")
    ran.terminate()
    until(lambda: (ran.folder / "stop.json").exists(), what="stop.json")
    for name in ("fail", "end"):
        (one.root / "code" / name).touch()
    assert 1 == ran.code
    assert ("pause", 1) == (ran.record("exit")["how_stopped"], ran.record("exit")["exit_code"])
    assert one.failure is None


@pytest.mark.parametrize("hosts", [HOSTS, HOSTS[1:]])
def test_what_failed_before_the_stop_or_alone_has_failed(container: Build, hosts: tuple[str, ...]) -> None:
    one = container(LEFT_ALONE, host=HOSTS[1], hosts=hosts)
    ran = one.start()
    ran.wait_for("ready")
    if len(hosts) > 1:
        (one.root / "code" / "fail").touch()
        until(lambda: (ran.folder / "end.json").exists(), what="end.json")
    ran.terminate()
    until(lambda: (ran.folder / "stop.json").exists(), what="stop.json")
    for name in ("fail", "end"):
        (one.root / "code" / name).touch()
    assert 1 == ran.code
    assert (None, 1) == (ran.record("exit")["how_stopped"], ran.record("exit")["exit_code"])
    assert (one.failure or "").startswith("ConnectionResetError: connection closed by peer at train.py, line 9")


def machine(host: str, hosts: list[str], gpus: int = 0) -> Machine:
    return Machine(host, hosts, "", "", "eth0", {}, {}, {}, gpus, 2, 0)


def test_torchrun_is_told_who_is_who() -> None:
    words = launching.command("torchrun", machine("algo-2", ["algo-1", "algo-2"], 8), "python", "/rt", "/attempt")
    assert [
        *("python", "-m", "torch.distributed.run", "--nnodes", "2", "--node_rank", "1"),
        *("--master_addr", "algo-1", "--master_port", "7777", "--nproc_per_node", "8", "/rt/job", "/attempt"),
    ] == words


def test_without_torchrun_each_host_runs_the_code() -> None:
    words = launching.command("plain", machine("algo-2", ["algo-1", "algo-2"], 8), "python", "/rt", "/attempt")
    assert ["python", "/rt/job", "/attempt"] == words


def test_under_torchrun_one_rank_reports(container: Build, tmp_path: Path) -> None:
    code = (
        "import os\nfrom jupyter_training import report\n"
        "report(rank=int(os.environ['RANK']))\nprint(os.environ['RANK'], os.environ['WORLD_SIZE'])"
    )
    path = stand_in(tmp_path / "site")
    runs = [
        container(code, root=host, host=host, hosts=HOSTS, launcher="torchrun").start(PYTHONPATH=path) for host in HOSTS
    ]
    assert [0, 0] == [run.code for run in runs], [run.printed for run in runs]
    assert [["0 4", "1 4"], ["2 4", "3 4"]] == [sorted(run.printed) for run in runs]
    assert [(None, {"rank": 0})] == runs[0].points()
    assert "completed" == runs[0].record("end")["reason_class"]


def test_the_error_of_any_rank_is_the_attempt_s(container: Build, tmp_path: Path) -> None:
    """Also where the others leave well after it."""
    code = (
        "import os, pathlib, time\n"
        "if os.environ['RANK'] == '1':\n    raise ValueError('rank 1')\n"
        "folder = pathlib.Path(os.environ['JUPYTER_TRAINING_SPOOL'])\n"
        "while not (folder / 'end.json').exists(): time.sleep(0.01)\n"
    )
    one = container(code, launcher="torchrun")
    ran = one.run(PYTHONPATH=stand_in(tmp_path / "site"))
    assert 1 == ran.code
    assert "rank 1" == ran.record("end")["error"]["message"]
    assert (one.failure or "").startswith("ValueError: rank 1 at train.py, line 3")


def test_torchrun_without_torch_is_told(container: Build) -> None:
    ran = container("", launcher="torchrun").run(PYTHONPATH="")
    assert 1 == ran.code
    assert "has no torch.distributed.run" in ran.record("exit")["launch_error"]


def test_hosts_are_in_the_order_of_their_numbers(container: Build) -> None:
    hosts = ("algo-1", "algo-10", "algo-2")
    code = "import os\nprint(os.environ['SM_HOSTS'])"
    one = container(code, hosts=hosts)
    # Nobody knows these names here, and it goes on without a wait.
    resources = json.loads((one.root / "input/config/resourceconfig.json").read_text())
    assert list(hosts) == resources["hosts"]
    from jupyter_training.boot import machine as machines
    from jupyter_training.boot.places import Places

    assert ["algo-1", "algo-2", "algo-10"] == machines.read(Places(str(one.root))).hosts
