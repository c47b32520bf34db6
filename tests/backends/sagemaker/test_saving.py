"""Spare capacity is for code that keeps checkpoints, as far as its text tells."""

from __future__ import annotations

import hashlib
import io
import tarfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from jupyter_training.backends.sagemaker.options import Settled
from jupyter_training.core.job import ContextRef
from jupyter_training.errors import InvalidSpec
from tests.backends.sagemaker.aws import SAVES, Aws, House

SPOT: Mapping[str, bytes] = {
    "import": SAVES,
    "module": b"import jupyter_training as jt\njt.checkpoint.save({}, step=1)\n",
    "the service's folder": b"open('/opt/ml/checkpoints/x', 'w')\n",
    "broken, with the folder": b"def (: /opt/ml/checkpoints",
    "broken, with our words": b"def (: jupyter_training.checkpoint",
}


@pytest.mark.parametrize("case", SPOT)
def test_spot_for_code_that_keeps_checkpoints(case: str, house: House, known: Aws) -> None:
    assert Settled.of(house.settled(house.spec(SPOT[case], options={"spot": True})).options).spot


@pytest.mark.parametrize(
    "code",
    [
        b"checkpoint.save(1)",
        b"import jupyter_training\nx.checkpoint",
        b"from jupyter_training import report\n#checkpoint",
    ],
)
def test_spot_for_code_that_keeps_none(code: bytes, house: House, aws: Aws) -> None:
    with pytest.raises(InvalidSpec, match=r"options\.spot") as refused:
        house.settled(house.spec(code, options={"spot": True}))
    assert "without_checkpoints: true (--option without_checkpoints=true in a shell)" in str(refused.value.hint)


def test_spot_for_code_that_can_not_be_read(house: House, known: Aws) -> None:
    spec = house.spec(options={"spot": True})
    for file in spec.files:
        (house.settings.blobs / file.sha256).unlink()
    assert Settled.of(house.settled(spec).options).spot


def test_spot_by_a_word_that_overrules(house: House, known: Aws) -> None:
    found = house.settled(house.spec(options={"spot": True, "without_checkpoints": True}))
    assert Settled.of(found.options).spot


def test_a_folder_that_came_along_is_looked_into(house: House, known: Aws, tmp_path: Path) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        info = tarfile.TarInfo("lib/loop.py")
        info.size = len(SAVES)
        tar.addfile(info, io.BytesIO(SAVES))
    digest = hashlib.sha256(packed.getvalue()).hexdigest()
    house.settings.data.mkdir(parents=True)
    (house.settings.data / digest).write_bytes(packed.getvalue())
    sent = ContextRef(sha256=digest, size=len(SAVES), files=1)
    assert Settled.of(house.settled(house.spec(context=sent, options={"spot": True})).options).spot
