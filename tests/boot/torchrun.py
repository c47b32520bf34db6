"""A stand-in for torchrun: what it does with its words, as far as the code that it starts can see."""

from __future__ import annotations

from pathlib import Path

__all__ = ["stand_in"]

# What torchrun does with its words, as far as the code can see: so many processes, each with its rank.
TORCHRUN = """
import argparse, os, subprocess, sys
parser = argparse.ArgumentParser()
for name in ("nnodes", "node_rank", "nproc_per_node", "master_port"):
    parser.add_argument("--" + name, type=int, default=0)
parser.add_argument("--master_addr")
parser.add_argument("--standalone", action="store_true")
parser.add_argument("words", nargs=argparse.REMAINDER)
given = parser.parse_args()
started = []
for local in range(2):
    rank = given.node_rank * 2 + local
    own = {"RANK": str(rank), "LOCAL_RANK": str(local), "WORLD_SIZE": str(given.nnodes * 2)}
    started.append(subprocess.Popen([sys.executable, "-u", *given.words], env={**os.environ, **own}))
sys.exit(max(one.wait() != 0 for one in started))
"""


def stand_in(folder: Path) -> str:
    (folder / "torch/distributed").mkdir(parents=True)
    for name in ("torch/__init__.py", "torch/distributed/__init__.py"):
        (folder / name).touch()
    (folder / "torch/distributed/run.py").write_text(TORCHRUN)
    return str(folder)
