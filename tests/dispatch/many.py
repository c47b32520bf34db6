"""``python -m tests.dispatch.many HOME KEY...``: submit a small script under each key from five threads."""

from __future__ import annotations

import json
import sys
from concurrent.futures import ThreadPoolExecutor

from jupyter_training.schema import SubmitRequest
from jupyter_training.services.site import Site
from jupyter_training.services.submit import submit
from jupyter_training.settings import Settings

__all__ = ["submit_many"]


def a_request(key: str) -> SubmitRequest:
    return SubmitRequest.model_validate(
        {
            "key": f"key-{key:0>8}",
            "entry": {"kind": "script", "path": "quick.py"},
            "files": [{"path": "quick.py", "text": "pass\n"}],
        }
    )


def submit_many(settings: Settings, keys: list[str]) -> list[str]:
    """The ids of the jobs, in the order of keys."""
    with Site.open(settings) as site, ThreadPoolExecutor(5) as threads:
        return list(threads.map(lambda key: submit(site, a_request(key), user="ada").job.id, keys))


if __name__ == "__main__":
    print(json.dumps(submit_many(Settings.load(sys.argv[1], local_slots=1), sys.argv[2:])))
