"""``jupyter-training <verb>``, also as ``jupyter training <verb>``.

One file per noun, each with ``arguments`` (what its verbs take) and ``run``;
``verbs`` is the table of them, from which nothing is imported before it is
called. Speaks through ``client``: to a server when one is named (``--url``,
``JUPYTER_TRAINING_URL``), else to the home in this very process. Must not know:
SQL, HTTP.

Exit codes: 0 done; 1 the job failed; 2 wrong use or bad configuration; 3 not
found, refused in this state or not reachable; 130 interrupted.

Start reading at ``main``, then ``verbs`` and ``submit``.
"""

from __future__ import annotations

from jupyter_training.cli.main import main

__all__ = ["main"]
