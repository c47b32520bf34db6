"""A bucket that only a profile reaches: what its jobs left there is read and removed with the same rights."""

from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_training.backends.sagemaker import buckets
from jupyter_training.core.job import CheckpointPolicy
from jupyter_training.errors import Unavailable
from jupyter_training.seams import storage
from jupyter_training.services import removing
from jupyter_training.settings import Settings
from tests.backends.sagemaker.aws import ASSUMED, Aws, House
from tests.sagemaker_double.fixture import Double


@pytest.fixture
def only_by_profile(double: Double, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials stand in the profile "team", and nowhere else."""
    for name, value in double.environment.items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    (file := tmp_path / "credentials").write_text(
        "[team]\naws_access_key_id = AKIDOFACALLER0000000\naws_secret_access_key = none\n"
    )
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))


@pytest.mark.usefixtures("only_by_profile")
def test_a_place_is_reached_by_the_profile_of_its_job(double: Double, tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    s3 = double.client("s3")
    s3.put_object(Bucket=double.bucket, Key="checkpoints/a/step-1/manifest.json", Body=b"{}")
    place = f"s3://{double.bucket}/checkpoints/a"
    with pytest.raises(Unavailable, match="can't be removed"):
        removing.under_url(settings, place)
    buckets.note(settings.home / "sagemaker", double.bucket, double.region, "team")
    system, root = storage.opened(settings, place)
    assert b"{}" == system.cat_file(f"{root}/step-1/manifest.json")
    removing.under_url(settings, place)
    assert 0 == s3.list_objects_v2(Bucket=double.bucket, Prefix="checkpoints/a")["KeyCount"]


def test_settling_keeps_the_profile_and_forgets_one_that_is_not_needed_any_more(house: House, known: Aws) -> None:
    settings, to = house.settings, "s3://elsewhere/kept"
    spec = house.settled(house.spec(options={"profile": "lab"}, checkpoints=CheckpointPolicy(to=to)))
    said = {"profile": "lab", "client_kwargs": {"region_name": spec.options["region"]}}
    for bucket in ("elsewhere", spec.options["bucket"]):
        assert said == buckets.reach(settings, f"s3://{bucket}/kept/x")
    assert {} == buckets.reach(settings, "s3://another/kept") == buckets.reach(settings, "gs://elsewhere/kept")
    known.is_called_by(ASSUMED)
    known.has_role()
    house.settled(house.spec(checkpoints=CheckpointPolicy(to=to)))
    assert {} == buckets.reach(settings, f"{to}/x")
