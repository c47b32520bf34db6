"""Train on a Python file from the file browser: its own arguments as a form."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.ui.lab import Lab, Seen, barriers
from tests.ui.seeing import open_sidebar, picture, row

pytestmark = [pytest.mark.browser, pytest.mark.processes]

SCRIPT = '''"""Trains a little."""
import argparse

from jupyter_training import report

parser = argparse.ArgumentParser(description="Trains a little.")
parser.add_argument("--epochs", type=int, default=3, help="how often all is seen")
parser.add_argument("--lr", type=float, default=0.1)
parser.add_argument("--optimizer", choices=["sgd", "adam"], default="sgd")
parser.add_argument("--shuffle", action="store_true")
parser.add_argument("--data", required=True)
args = parser.parse_args()
for epoch in range(args.epochs):
    report(epoch=epoch, loss=args.lr / (epoch + 1))
print(args)
'''


def test_a_file_is_trained_with_its_own_arguments(running: Lab, seen: Seen) -> None:
    page = seen.page
    (running.folder / "little.py").write_text(SCRIPT, "utf-8")
    page.goto(running.address("file"))
    page.get_by_role("listitem", name="little.py").click(button="right")
    page.get_by_role("menuitem").get_by_text("Train", exact=False).first.click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Train little.py")
    expect(dialog.get_by_label("--epochs")).to_have_value("3")
    expect(dialog).to_contain_text("how often all is seen")
    picture(page, "train-file-light")
    assert [] == barriers(page, ".jp-Dialog")

    dialog.get_by_role("button", name="Train").click()
    expect(dialog).to_contain_text("The script needs it.")
    dialog.get_by_label("--data").fill("digits")
    dialog.get_by_label("--epochs").fill("many")
    expect(dialog).to_contain_text("A whole number")
    dialog.get_by_label("--epochs").fill("5")
    dialog.get_by_label("--optimizer").select_option("adam")
    dialog.get_by_label("--shuffle").check()
    dialog.get_by_role("button", name="Train").click()
    expect(dialog).to_have_count(0)

    open_sidebar(page)
    expect(row(page, "little")).to_contain_text("succeeded")
    with running.client() as client:
        job = client.find("little")
        said = "".join(client.follow(job["id"]))
        assert 5 == client.job(job["id"])["metrics"]["loss"]["count"]
    for words in ("epochs=5", "optimizer='adam'", "shuffle=True", "data='digits'", "lr=0.1"):
        assert words in said
