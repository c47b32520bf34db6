"""An account that nobody has to be asked about, and homes that know it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyter_training.backends.sagemaker import account as accounts
from jupyter_training.services.site import Site
from jupyter_training.settings import Settings
from tests.services.stage import Stage

ROLE = "arn:aws:iam::123456789012:role/Training"
IMAGE = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/mine:1"
HOUSE = {"role": ROLE, "region": "eu-west-1", "image": IMAGE}


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> None:
    """AWS takes us for ada; what a home says of SageMaker is said in the environment."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("JUPYTER_TRAINING_SAGEMAKER", json.dumps(HOUSE))
    who = accounts.Caller("123456789012", "arn:aws:iam::123456789012:user/ada")
    monkeypatch.setattr(accounts, "caller", lambda region, profile, fresh=False: who)


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, account: None) -> Iterator[Stage]:
    """A home with that account, whose wishes nobody acts on but the test."""
    monkeypatch.setenv("JUPYTER_TRAINING_HOME", str(tmp_path / "home"))
    with Site.open(Settings(home=tmp_path / "home", local_slots=2, sagemaker=HOUSE)) as site:
        monkeypatch.setattr(Site, "ensure_dispatcher", lambda _: None)
        yield Stage(site)
