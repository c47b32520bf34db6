"""Real clients of boto3 whose answers are written down: nobody is asked, and requests are checked by botocore."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from jupyter_training.backends.sagemaker import account, clients
from jupyter_training.backends.sagemaker.wishes import SagemakerWishes
from jupyter_training.core.job import BundleFile, Entry, JobSpec
from jupyter_training.core.resources import Pool
from jupyter_training.services import bundle
from jupyter_training.settings import Settings
from jupyter_training.testing.builders import a_spec

ACCOUNT = "123456789012"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/Training"
USER = f"arn:aws:iam::{ACCOUNT}:user/ada"
ASSUMED = f"arn:aws:sts::{ACCOUNT}:assumed-role/Training/ada"
IMAGE = f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/mine:1"
SAVES = b"from jupyter_training import checkpoint\ncheckpoint.save({'a': 1}, step=1)\n"
TRUST = json.dumps({"Statement": [{"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}}]})


@functools.cache
def client_of(service: str) -> Any:
    """Making one takes long, so tests share them."""
    session = boto3.Session(aws_access_key_id="AKIDOFATEST", aws_secret_access_key="none", region_name="us-east-1")
    return session.client(service)


class Aws:
    """AWS as a test wants it: ``says`` an answer or ``refuses`` a call; what nobody has
    written down is an error."""

    def __init__(self) -> None:
        self.region: str | None = "us-east-1"
        self.asked: list[str] = []
        self._stubs: dict[str, tuple[Any, Stubber]] = {}

    def of(self, region: str | None, profile: str | None = None, *, retries: bool = True) -> Aws:
        return self

    def client(self, service: str, *, region: str | None = None) -> Any:
        self.asked.append(service)
        return self._stub(service)[0]

    @property
    def sts(self) -> Any:
        return self.client("sts")

    @property
    def pricing(self) -> Any:
        return self.client("pricing")

    def says(
        self, service: str, operation: str, answer: dict[str, Any], expected: dict[str, Any] | None = None
    ) -> None:
        self._stub(service)[1].add_response(operation, answer, expected)

    def refuses(self, service: str, operation: str, code: str, words: str = "", status: int = 400) -> None:
        self._stub(service)[1].add_client_error(operation, code, words, http_status_code=status)

    def is_called_by(self, arn: str) -> None:
        self.says("sts", "get_caller_identity", {"Account": ACCOUNT, "Arn": arn, "UserId": "u"})

    def has_role(self, arn: str = ROLE, *, trust: str = TRUST, name: str | None = None) -> None:
        role = {
            "Path": "/", "RoleName": name or arn.rpartition("/")[2], "RoleId": "r" * 20, "Arn": arn,
            "CreateDate": "2026-01-01T00:00:00Z", "AssumeRolePolicyDocument": trust,
        }  # fmt: skip
        self.says("iam", "get_role", {"Role": role}, {"RoleName": role["RoleName"]})

    def close(self) -> None:
        for _, stub in self._stubs.values():
            stub.deactivate()

    def _stub(self, service: str) -> tuple[Any, Stubber]:
        if service not in self._stubs:
            client = client_of(service)
            stub = Stubber(client)
            stub.activate()
            self._stubs[service] = (client, stub)
        return self._stubs[service]


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    """An account of which nothing is known yet."""
    found = Aws()
    monkeypatch.setattr(clients, "of", found.of)
    monkeypatch.setattr(clients, "forget", lambda region, profile=None: None)
    account.forget()
    yield found
    found.close()
    account.forget()


@pytest.fixture
def known(aws: Aws) -> Aws:
    """An account whose caller has assumed a role that jobs may have, too."""
    aws.is_called_by(ASSUMED)
    aws.has_role()
    return aws


class House:
    """A home with its wishes, and jobs for it."""

    def __init__(self, home: Path, **sagemaker: Any) -> None:
        self.settings = Settings(home=home, sagemaker=sagemaker)
        self.wishes = SagemakerWishes(self.settings)

    def spec(self, code: bytes = b"print(1)", *, others: dict[str, bytes] | None = None, **wish: Any) -> JobSpec:
        files: tuple[BundleFile, ...] = bundle.keep({"train.py": code, **(others or {})}, self.settings.blobs)
        options = {"instance": "ml.m5.large", "image": IMAGE, **wish.pop("options", {})}
        return a_spec(files=files, options=options, **{"entry": Entry(kind="script", path="train.py"), **wish})

    def pool(self, spec: JobSpec) -> Pool:
        found = self.wishes.pool(spec.options)
        assert found is not None
        return found

    def settled(self, spec: JobSpec) -> JobSpec:
        return self.wishes.settled(spec, self.pool(spec))

    def request(self, spec: JobSpec) -> dict[str, Any]:
        return dict(self.wishes.rehearsal(self.settled(spec)).request)


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path / "home", region="us-east-1")
