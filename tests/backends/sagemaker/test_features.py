"""What a job may bring along and have: machines, values, inputs, a checkpoint from here, the image's own toolkit."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest

from jupyter_training.backends.sagemaker.options import Settled
from jupyter_training.core.job import DataFile, Instant
from jupyter_training.core.lifecycle import EndReason
from jupyter_training.core.retention import Checkpoint
from jupyter_training.errors import LaunchFailed
from tests.backends.sagemaker.stand import Stand
from tests.backends.sagemaker.test_ends import REPORTS, SAVES, reason
from tests.backends.sagemaker.test_packing import saved
from tests.sagemaker_double.fixture import Double

pytestmark = [pytest.mark.processes, pytest.mark.slow]


def test_two_machines_are_heard_both_and_reported_of_by_the_first(stand: Stand) -> None:
    code = "import os\nprint('here', os.environ['SM_CURRENT_HOST'])\n" + REPORTS
    ref = stand.launch(code, options={"instances": 2})
    assert EndReason.COMPLETED is reason(stand.ended(ref).end)
    lines = stand.log(ref).splitlines()
    assert {"here algo-1", "[algo-2] here algo-2"} <= set(lines)
    assert [0, 1, 2] == [one[2] for one in stand.events(ref, "p")]
    assert {"algo-1", "algo-2"} == {one[2]["host"] for one in stand.events(ref, "exit")}


def test_values_and_inputs_of_this_machine_are_there(stand: Stand, double: Double, tmp_path: Path) -> None:
    (tmp_path / "data" / "deep").mkdir(parents=True)
    (tmp_path / "data" / "deep" / "a.txt").write_text("alpha")
    (tmp_path / "data" / "b.txt").write_text("beta")
    digest = stand.keep(stand.settings.data, b"[1, 2, 3]")
    code = (
        "import jupyter_training, os\n"
        "root = os.environ['SM_CHANNEL_TRAIN']\n"
        "print(open(root + '/deep/a.txt').read(), open(root + '/b.txt').read())\n"
        "print(os.listdir('/opt/ml/input/data/jt_data'), os.environ['SM_HP_LR'])\n"
    )
    data = (DataFile(name="table", kind="json", sha256=digest, size=9),)
    wish = {"options": {"inputs": {"train": {"uri": str(tmp_path / "data")}}}, "data": data, "params": {"lr": 0.5}}
    first = stand.launch(code, **wish)
    assert EndReason.COMPLETED is reason(stand.ended(first).end), stand.log(first)
    assert f"alpha beta\n['{digest}'] 0.5\n" in stand.log(first)
    sent = [call["about"] for call in double.calls("PutObject")]
    second = stand.launch(code, **wish)
    assert EndReason.COMPLETED is reason(stand.ended(second).end)
    again = [call["about"] for call in double.calls("PutObject")][len(sent) :]
    assert 1 == len(again), "only its order"
    assert again[0].endswith("order.json")


def test_a_job_that_began_here_goes_on_there_from_its_checkpoint(stand: Stand) -> None:
    order = stand.order(SAVES.replace("step < 100", "step < 65"), number=2)
    one = saved(stand, order.ref.job, 60)
    folder = stand.settings.checkpoints / order.ref.job / one.name
    state = _a_state(folder, 60)
    ref = stand.launched(replace(order, checkpoints=(replace(one, **state),), known_checkpoints=(one.name,)))
    end = stand.ended(ref).end
    assert EndReason.COMPLETED is reason(end), f"{end}\n{stand.log(ref)}"
    assert "from 60\n" in stand.log(ref)
    assert [61, 62, 63, 64, 65] == [event[2] for event in stand.events(ref, "p")]


def _a_state(folder: Path, step: int) -> dict[str, str]:
    """Make of a checkpoint one that ``load`` reads as {"step": step}."""
    (folder / "state").unlink()
    (folder / "state.json").write_text(json.dumps({"step": step}))
    content = (folder / "state.json").read_bytes()
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["kind"] = "json"
    manifest["files"] = [{"path": "state.json", "size": len(content), "sha256": hashlib.sha256(content).hexdigest()}]
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return {"sha256": hashlib.sha256((folder / "manifest.json").read_bytes()).hexdigest(), "kind": "json"}


def test_a_job_goes_on_from_where_its_last_attempt_there_was_paused(stand: Stand) -> None:
    order = stand.order(SAVES)
    first = stand.launched(order)
    stand.until(first, lambda _: len(stand.events(first, "p")) >= 12)
    stand.backend.stop(first, "pause", 5.0)
    assert EndReason.PAUSED is reason(stand.ended(first).end)
    told = [
        Checkpoint(
            first.job, c[3], 1, c[2], Instant(c[1] / 1e6), c[4]["size"], 1, c[4]["sha256"], c[4]["place"], "json", None
        )
        for c in stand.events(first, "c")
    ]
    kept = tuple(reversed(told))
    again = replace(
        order,
        ref=replace(order.ref, number=2, token="second"),
        checkpoints=kept,
        known_checkpoints=tuple(one.name for one in kept),
    )
    second = stand.launched(again)
    assert EndReason.COMPLETED is reason(stand.ended(second).end)
    assert kept[0].step + 1 == stand.events(second, "p")[0][2]
    assert f"from {kept[0].step}\n" in stand.log(second)


def test_the_images_own_toolkit_starts_a_script_as_it_always_did(stand: Stand) -> None:
    code = (
        "import argparse\n"
        "read = argparse.ArgumentParser()\n"
        "read.add_argument('--lr', type=float)\n"
        "print('lr', read.parse_args().lr)\n"
    )
    ref = stand.launch(code, options={"launcher": "toolkit", "image": "toolkit:1"}, params={"lr": 0.5})
    seen = stand.ended(ref, seconds=60)
    assert EndReason.COMPLETED is reason(seen.end), stand.log(ref)
    assert "lr 0.5\n" in stand.log(ref)
    assert [] == stand.events(ref)


def test_what_was_not_made_for_it_is_refused_with_a_sentence(stand: Stand) -> None:
    """As a job that was moved here from a pool of this machine."""
    order = stand.order(REPORTS)
    moved = replace(order, spec=order.spec.model_copy(update={"options": {}}))
    with pytest.raises(LaunchFailed, match="not made for SageMaker"):
        stand.backend.launch(moved)


def test_results_over_the_limit_stay_there_and_it_is_said_where(stand: Stand) -> None:
    stand.pace = replace(stand.pace, fetch_limit=100)
    stand.succeed()
    code = (
        "import os\n"
        "open(os.environ['JUPYTER_TRAINING_OUTPUT'] + '/big', 'wb').write(os.urandom(100_000))\n"
        "open(os.environ['SM_MODEL_DIR'] + '/small', 'w').write('x')\n"
    )
    ref = stand.launch(code)
    assert EndReason.COMPLETED is reason(stand.ended(ref).end)
    where = f"s3://{stand.bucket}/jupyter-training/out/{stand.name(ref)}/output/output.tar.gz"
    assert where in (stand.outputs(ref) / "at_aws.txt").read_text()
    assert not (stand.outputs(ref) / "big").exists()


def test_settled_options_are_all_that_a_launch_reads(stand: Stand) -> None:
    order = stand.order(REPORTS)
    assert "us-east-1" == Settled.of(order.spec.options).region
    assert f"us-east-1/jt-digits-{order.ref.job[:8]}-1" == stand.backend.launch(order)
