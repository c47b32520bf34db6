"""A dispatcher stays light: it has a job run and recorded without importing what the record is written with."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from jupyter_training.core.lifecycle import JobState
from jupyter_training.services.site import Site
from jupyter_training.services.submit import submit
from jupyter_training.settings import Settings
from jupyter_training.store import record, views
from tests.dispatch.many import a_request
from tests.torture.processes import eventually, of_home

pytestmark = pytest.mark.processes

HEAVY = ("mlflow", "syne_tune", "sagemaker", "boto3", "pandas", "numpy", "torch", "tornado", "IPython")

# Holds office until the job is done and recorded, then says what it has imported.
OFFICE = """
import json, sys
from jupyter_training.dispatch.loop import main
from jupyter_training.settings import Settings
assert main(Settings.load(sys.argv[1])) == 0
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
"""


def test_a_dispatcher_that_ran_a_tracked_job_has_not_imported_mlflow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "settings.toml").write_text("dispatcher_idle_exit = 0.2\nmirror_idle_exit = 1\nlocal_slots = 1\n")
    with Site.open(Settings.load(home)) as site:
        monkeypatch.setattr(site, "ensure_dispatcher", lambda: None)
        job = submit(site, a_request("light"), user="ada").job
        office = subprocess.run(
            [sys.executable, "-c", OFFICE, str(home)], stdout=subprocess.PIPE, timeout=100, check=True
        )
        assert JobState.SUCCEEDED is views.job(site.store, job.id).state
        imported = set(json.loads(office.stdout))
        assert set() == imported & set(HEAVY)
        assert {"sqlalchemy", "jupyter_training"} <= imported
        eventually(lambda: not record.pending(site.store, 1), within=60, what="the record complete")
        assert views.job(site.store, job.id).run_id is not None
    eventually(lambda: not of_home(home), within=30, what="the mirror has left")
