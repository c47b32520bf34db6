"""One set of AWS clients for each region and profile, made when it is first asked for; only then is boto3 imported.

Credentials, regions and endpoints are found as boto3 finds them everywhere;
AWS_REGION says the region, too, as it does to the newer SDKs and not yet to boto3.
Clients are shared by all threads; making one is not safe, so that is done one
after the other.
"""

from __future__ import annotations

import os
import threading
from typing import Any

__all__ = ["Clients", "forget", "of"]

_TRIES = 6
_POOL = 16  # connections of one client: that many threads may upload at once
_CONNECT = 10.0  # seconds
_READ = 60.0

_lock = threading.RLock()
_made: dict[tuple[str | None, str | None, bool], Clients] = {}


class Clients:
    """The clients of one region and profile. ``retries``: whether boto3 itself tries a failed call again."""

    def __init__(self, region: str | None, profile: str | None, *, retries: bool = True) -> None:
        self._wanted = region
        self._profile = profile
        self._retries = retries
        self._session: Any = None
        self._clients: dict[tuple[str, str | None], Any] = {}

    @property
    def region(self) -> str | None:
        """The region that was asked for, else the one that is configured; None: none at all."""
        with _lock:
            found: str | None = self._wanted or self.session.region_name
            return found

    @property
    def session(self) -> Any:
        """The boto3 session.

        Raises:
            botocore.exceptions.ProfileNotFound: there is no such profile.
        """
        with _lock:
            if self._session is None:
                import boto3

                region = self._wanted or os.environ.get("AWS_REGION") or None
                self._session = boto3.Session(profile_name=self._profile, region_name=region)
            return self._session

    @property
    def sagemaker(self) -> Any:
        return self.client("sagemaker")

    @property
    def s3(self) -> Any:
        return self.client("s3")

    @property
    def logs(self) -> Any:
        return self.client("logs")

    @property
    def sts(self) -> Any:
        return self.client("sts")

    @property
    def iam(self) -> Any:
        return self.client("iam")

    @property
    def quotas(self) -> Any:
        return self.client("service-quotas")

    @property
    def pricing(self) -> Any:
        return self.client("pricing", region="us-east-1")  # one of the few places where there is such a service

    def client(self, service: str, *, region: str | None = None) -> Any:
        """The client of a service.

        Raises:
            botocore.exceptions.NoRegionError: no region was asked for, and none is configured.
            botocore.exceptions.ProfileNotFound
        """
        with _lock:
            found = self._clients.get((service, region))
            if found is None:
                from botocore.config import Config

                attempts = _TRIES if self._retries else 1
                config = Config(
                    retries={"mode": "adaptive" if self._retries else "standard", "total_max_attempts": attempts},
                    max_pool_connections=_POOL,
                    connect_timeout=_CONNECT,
                    read_timeout=_READ,
                )
                found = self.session.client(service, region_name=region, config=config)
                self._clients[service, region] = found
            return found


def of(region: str | None, profile: str | None = None, *, retries: bool = True) -> Clients:
    """The clients of a region and profile, always the same. Without ``retries`` a call that fails says so at once."""
    with _lock:
        key = (region, profile, retries)
        if key not in _made:
            _made[key] = Clients(region, profile, retries=retries)
        return _made[key]


def forget(region: str | None, profile: str | None = None) -> None:
    """Have them made anew, which reads credentials again: a session reads those that stand in a file once."""
    with _lock:
        for retries in (True, False):
            _made.pop((region, profile, retries), None)
