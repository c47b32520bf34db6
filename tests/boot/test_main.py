"""A container's first process, from the order to the exit record. A folder stands for /opt/ml, processes are real."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.boot.containers import Container, packed
from tests.runtime.attempts import until

Build = Callable[..., Container]


def test_a_script_runs_to_its_end(container: Build) -> None:
    one = container(
        "import sys\nfrom jupyter_training import report\nfor n in range(3): report(loss=1 / (n + 1), step=n)\n"
        "print('args', sys.argv[1:])",
        params={"lr": 0.1, "name": "adam"},
        args=("--fast",),
    )
    ran = one.run()
    assert 0 == ran.code, ran.printed
    assert [(n, {"loss": 1 / (n + 1)}) for n in range(3)] == ran.points()
    assert ["args ['--fast', '--lr', '0.1', '--name', 'adam']"] == ran.printed
    kinds = [event[0] for event in ran.records()]
    assert ("boot", "end", "exit") == (kinds[0], *kinds[-2:])
    assert ("completed", 0) == (ran.record("end")["reason_class"], ran.record("exit")["exit_code"])
    assert "algo-1" == ran.record("boot")["host"] == ran.record("exit")["host"]
    assert one.failure is None


def test_a_cell_has_its_params_its_values_and_its_traceback(container: Build) -> None:
    one = container(
        "lr = 0.5\nepochs = 3\nprint('given', lr, epochs, table['rows'])\nprint(undefined)",
        kind="cell",
        name="cell.py",
        shown_as="<cell 3>",
        params={"lr": 0.25},
        data={"table": ("json", b'{"rows": 12}')},
    )
    ran = one.run()
    assert "given 0.25 3 12" == ran.printed[0]
    assert 1 == ran.code
    error = ran.record("end")["error"]
    assert ("NameError", 4, "<cell 3>") == (error["type"], error["frames"][-1]["line"], error["frames"][-1]["file"])
    assert one.failure is not None
    assert one.failure.startswith("NameError: name 'undefined' is not defined at <cell 3>, line 4 (exit code 1)\n")
    assert "Traceback (most recent call last)" in one.failure


def test_a_function_is_called_with_its_params(container: Build) -> None:
    one = container(
        "from beside import double\ndef train(lr, sizes):\n    return {'loss': double(lr), 'sizes': len(sizes)}\n",
        kind="function",
        name="work/train.py",
        function="train",
        params={"lr": 0.25, "sizes": [1, 2]},
        files={"work/beside.py": "def double(x): return 2 * x\n", "work/__init__.py": ""},
    )
    ran = one.run(PYTHONPATH=str(one.root / "code/work"))
    assert [(None, {"loss": 0.5, "sizes": 2})] == ran.points(), ran.printed


def test_hyperparameters_and_channels_are_in_the_environment_in_both_spellings(container: Build) -> None:
    wanted = (
        *("SM_HP_LR", "SM_HP_LONG-NAME", "SM_HP_LONG_NAME", "SM_HP_FLAG", "SM_HP_SIZES", "SM_HP_NAME", "SM_HPS"),
        *("SM_CHANNELS", "SM_CHANNEL_TRAIN", "SM_HOSTS", "SM_CURRENT_HOST", "SM_MODEL_DIR", "SM_OUTPUT_DATA_DIR"),
        *("SM_USER_ARGS", "SM_MASTER_ADDR", "SM_NUM_CPUS", "MINE", "MASTER_ADDR", "JUPYTER_TRAINING_OUTPUT"),
        *("TRAINING_JOB_NAME", "SM_CURRENT_INSTANCE_TYPE"),
    )
    one = container(
        f"import json, os\nprint(json.dumps({{name: os.environ.get(name) for name in {wanted!r}}}))\n"
        "print(open(os.environ['SM_CHANNEL_TRAIN'] + '/a.csv').read())",
        params={"lr": 0.1, "long-name": "x", "flag": True, "sizes": [1, 2], "name": "1"},
        hyperparameters={"sagemaker_program": "train.py", "other": 5},
        inputs={"train": {"a.csv": "1,2"}},
        variables={"MINE": "yes"},
    )
    ran = one.run()
    found = json.loads(ran.printed[0])
    root = str(one.root)
    assert {
        "SM_HP_LR": "0.1",
        "SM_HP_LONG-NAME": "x",
        "SM_HP_LONG_NAME": "x",
        "SM_HP_FLAG": "true",
        "SM_HP_SIZES": "[1, 2]",
        "SM_HP_NAME": "1",
        "SM_CHANNEL_TRAIN": f"{root}/input/data/train",
        "SM_CURRENT_HOST": "algo-1",
        "SM_MODEL_DIR": f"{root}/model",
        "SM_OUTPUT_DATA_DIR": f"{root}/output/data",
        "SM_MASTER_ADDR": "algo-1",
        "SM_NUM_CPUS": str(len(os.sched_getaffinity(0))),
        "SM_CURRENT_INSTANCE_TYPE": "ml.m5.large",
        "TRAINING_JOB_NAME": "jt-job-1",
        "MINE": "yes",
        "MASTER_ADDR": None,
        "JUPYTER_TRAINING_OUTPUT": f"{root}/output/data",
    } == {name: found[name] for name in found if name not in ("SM_HPS", "SM_CHANNELS", "SM_HOSTS", "SM_USER_ARGS")}
    assert {"lr": 0.1, "long-name": "x", "flag": True, "sizes": [1, 2], "name": "1", "other": 5} == json.loads(
        found["SM_HPS"]
    )
    assert (["train"], ["algo-1"]) == (json.loads(found["SM_CHANNELS"]), json.loads(found["SM_HOSTS"]))
    flags = ["--flag", "True", "--long-name", "x", "--lr", "0.1", "--name", "1", "--other", "5", "--sizes", "[1, 2]"]
    assert flags == json.loads(found["SM_USER_ARGS"])
    assert "1,2" == ran.printed[1]


def test_files_that_the_service_did_not_write_have_defaults(container: Build) -> None:
    one = container("import os\nprint(os.environ['SM_HOSTS'], os.environ['SM_HP_LR'])", params={"lr": 2})
    for path in (one.root / "input/config").iterdir():
        path.unlink()
    assert ['["algo-1"] 2'] == one.run().printed


def test_what_is_kept_goes_where_the_service_takes_it(container: Build) -> None:
    one = container(
        "import os\nfrom jupyter_training import output\noutput('plots/a.txt').write_text('kept')\n"
        "open(os.environ['SM_MODEL_DIR'] + '/m', 'w').write('model')"
    )
    ran = one.run()
    assert 0 == ran.code
    assert "kept" == (one.root / "output/data/plots/a.txt").read_text()
    assert "model" == (one.root / "model/m").read_text()
    assert ["plots/a.txt"] == [event[2] for event in ran.records("a")]


def test_nothing_of_the_container_s_environment_stays_on_disk(container: Build) -> None:
    ran = container("import os\nprint(os.environ['AWS_SECRET'])").run(AWS_SECRET="hush-hush")
    assert ["hush-hush"] == ran.printed
    left = [path for path in ran.folder.rglob("*") if path.is_file() and path.name != "log"]
    assert left
    assert not [path for path in left if b"hush-hush" in path.read_bytes()]


@pytest.mark.parametrize(
    ("code", "status"), [("import sys\nsys.exit(7)", 7), ("import os\nos.kill(os.getpid(), 9)", 137)]
)
def test_its_exit_status_is_the_code_s_own(container: Build, code: str, status: int) -> None:
    one = container("print('nearly')\n" + code)
    ran = one.run()
    assert status == ran.code
    assert one.failure is not None
    assert "nearly" in one.failure
    assert f"exit code {status}" in one.failure or "signal 9, SIGKILL" in one.failure


def test_a_long_message_leaves_room_for_where_it_was(container: Build) -> None:
    one = container("raise ValueError('ä' * 5000)")
    one.run()
    content = (one.root / "output/failure").read_bytes()
    assert len(content) <= 900
    assert content.decode().startswith("ValueError: ää")
    assert "at train.py, line 1 (exit code 1)" in content.decode().splitlines()[0]


def test_an_order_that_can_not_be_read_is_told(container: Build) -> None:
    one = container("")
    (one.root / "input/data/jt_order/order.json").write_text("{")
    ran = one.run()
    assert 1 == ran.code
    assert "its order is missing or damaged" in ran.record("exit")["launch_error"]
    assert (one.failure or "").startswith("could not start: its order is missing or damaged")


@pytest.mark.parametrize("name", ["../evil.py", "/evil.py", "a/../../evil.py"])
def test_an_archive_that_leads_out_is_refused(container: Build, name: str) -> None:
    one = container("")
    (one.root / "input/data/jt_code/code.tar.gz").write_bytes(packed({name: "print('evil')"}))
    ran = one.run()
    assert 1 == ran.code
    assert "is not inside of it" in ran.record("exit")["launch_error"]
    assert not (one.root.parent / "evil.py").exists()


def test_a_startup_hook_runs_first(container: Build) -> None:
    one = container("import os\nprint(os.environ['FROM_HOOK'])", files={"startup-hook.sh": "export FROM_HOOK=yes\n"})
    assert ["yes"] == one.run().printed


def test_a_supervisor_that_is_killed_has_a_successor(container: Build) -> None:
    one = container(
        "print('ready', flush=True)\nimport pathlib, time\nwhile not pathlib.Path('go').exists(): time.sleep(0.01)"
    )
    ran = one.start()
    ran.wait_for("ready")
    supervisor = json.loads((ran.folder / "supervisor.json").read_text())["pid"]
    os.kill(supervisor, 9)
    until(lambda: json.loads((ran.folder / "supervisor.json").read_text())["pid"] != supervisor)
    (one.root / "code/go").touch()
    assert 0 == ran.code
    assert "adopted" == ran.record("exit")["from"]


def python_that_needs_its_libraries(one: Container) -> None:
    """The interpreter of what a container starts: of an image which has its libraries in a place of its own."""
    python = one.root / "python"
    python.write_text(
        '#!/bin/sh\nif [ -z "$LD_LIBRARY_PATH" ]; then\n'
        'echo "libpython3.so: cannot open shared object file" >&2; exit 127\nfi\n'
        f'exec {sys.executable} "$@"\n'
    )
    python.chmod(0o755)
    boot = one.root / "input/data/jt_boot/boot.py"
    boot.write_text(f"import sys\nsys.executable = {str(python)!r}\n{boot.read_text()}")


def test_an_image_whose_python_needs_a_library_path_has_it(container: Build) -> None:
    one = container("import os\nprint(os.environ['LD_LIBRARY_PATH'])")
    python_that_needs_its_libraries(one)
    assert ["/opt/libraries"] == one.run(LD_LIBRARY_PATH="/opt/libraries").printed


def test_a_supervisor_that_can_not_even_begin_is_quoted(container: Build) -> None:
    one = container("print('ran')")
    python_that_needs_its_libraries(one)
    ran = one.run()
    assert 1 == ran.code
    why = "its supervisor ended by itself: libpython3.so: cannot open shared object file"
    assert why == ran.record("exit")["launch_error"]
    assert (one.failure or "").startswith(f"could not start: {why}\n")
    assert "libpython3.so: cannot open shared object file" in ran.printed
    assert f"jupyter_training: could not start: {why}" in ran.printed
    assert "ran" not in ran.printed


def test_supervisors_that_end_again_and_again_are_quoted(container: Build) -> None:
    """After the code began: nobody knows how it ended."""
    one = container("import time\nprint('ready', flush=True)\ntime.sleep(100)")
    python_that_needs_its_libraries(one)
    ran = one.start(LD_LIBRARY_PATH="/opt/libraries")
    ran.wait_for("ready")
    (one.root / "python").write_text("#!/bin/sh\necho no more room >&2\nexit 1\n")
    os.kill(json.loads((ran.folder / "supervisor.json").read_text())["pid"], 9)
    try:
        assert 1 == ran.code
        assert (one.failure or "").startswith("what watches the code ended by itself: no more room\n")
        assert "no more room" in ran.printed
        assert "launch_error" not in ran.record("exit")
    finally:
        os.kill(json.loads((ran.folder / "process.json").read_text())["pid"], 9)


def test_a_python_that_is_too_old_is_told(tmp_path: Path) -> None:
    from jupyter_training.runtime import archive

    code = archive.boot_files()[archive.BOOT].decode()
    compile(code.replace("(3, 9)", "(99, 0)"), "boot.py", "exec")
    (tmp_path / "output").mkdir()
    (tmp_path / "boot.py").write_text(code.replace("(3, 9)", "(99, 0)"))
    import subprocess
    import sys

    words = [sys.executable, str(tmp_path / "boot.py")]
    answer = subprocess.run(words, env={"JT_ML_ROOT": str(tmp_path)}, capture_output=True, text=True, check=False)
    assert 1 == answer.returncode
    assert "needs Python 3.9 or newer" in (tmp_path / "output/failure").read_text()


def test_where_nobody_may_write_mlflow_has_its_file_beside_the_attempt(container: Build) -> None:
    one = container("import os\nprint(os.environ['JUPYTER_TRAINING_SPOOL'])")
    (one.root / "output").mkdir()
    (one.root / "output/jt").write_text("in the way")
    (folder,) = one.run().printed
    record = json.loads((Path(folder) / "mlflow.json").read_text())
    beside = Path(folder).parent
    assert (f"sqlite:///{beside}/mlflow.db", f"{beside}/mlartifacts") == (record["tracking_uri"], record["artifacts"])
    assert beside.is_dir()


def test_mlflow_is_not_waited_for_and_what_it_logs_is_reported(container: Build) -> None:
    """The job's own run can not be had from here. A stand-in for the library, which takes seconds to import."""
    stand_in = (
        "class MlflowClient:\n    def log_metric(self, run_id, key, value, timestamp=None, step=None): pass\n"
        "def log_metric(key, value, step=None): MlflowClient().log_metric('own', key, value, None, step)\n"
        "__version__ = '3.1.0'\n"
    )
    code = (
        "import time\nbegan = time.monotonic()\nimport mlflow, os\n"
        "mlflow.log_metric('loss', 0.5, step=3)\n"
        "print(time.monotonic() - began < 5, os.environ['MLFLOW_TRACKING_URI'], 'MLFLOW_RUN_ID' in os.environ)"
    )
    one = container(code, files={"mlflow.py": stand_in})
    ran = one.run()
    assert [f"True sqlite:///{one.root}/output/jt/mlflow.db False"] == ran.printed
    assert [(3, {"loss": 0.5})] == ran.points()
    assert "report" == ran.records("p")[0][4], "so that it gets into the run that is kept outside"
    there = container(code, root="other", files={"mlflow.py": stand_in}, variables={"MLFLOW_TRACKING_URI": "http://x"})
    assert ["True http://x False"] == there.run().printed
