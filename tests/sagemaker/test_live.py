"""``doctor --live`` removes what it has made, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from jupyter_training.cli import live as rounds
from jupyter_training.cli.live import PROOFS, Live
from jupyter_training.client.handle import Handle
from jupyter_training.core.lifecycle import EndReason
from tests.services.stage import Stage


def test_a_persons_own_jobs_with_such_names_are_left_alone(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    emptied: list[str] = []

    def empty(view: Mapping[str, Any]) -> None:
        emptied.append(view["name"])

    def kill(handle: Handle) -> None:
        stage.begin(handle.id)
        stage.end(handle.id, EndReason.KILLED)

    monkeypatch.setattr(rounds, "_empty", empty)
    monkeypatch.setattr(Handle, "kill", kill)
    live = Live(stage.site.settings, "sagemaker", {}, tmp_path)
    with live.client:
        own = tmp_path / "own.py"
        own.write_text("print('mine')\n")
        live.client.submit(own, name="live-demo", backend="sagemaker", options={"instance": "ml.m5.large"})
        live.submit(PROOFS["stop"])
        live.submit(PROOFS["warm"], "warm-again")  # as that proof does by itself
        rounds._take_away(live, live.made)
        left = live.client.jobs()["jobs"]
    assert ["live-demo"] == [view["name"] for view in left]
    assert left[0]["ended"] is None
    assert ["live-stop", "live-warm-again"] == emptied
