"""The page about jobs on SageMaker says of options and permissions what the code says."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jupyter_training.backends.sagemaker as room
from jupyter_training.backends.sagemaker import examine, prices
from jupyter_training.backends.sagemaker.options import Options

PAGE = (Path(room.__file__).parent / "README.md").read_text("utf-8")


def section(title: str) -> str:
    return PAGE.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]


def test_the_table_of_options_is_that_of_the_code() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (.*) \|$", section("Options"), re.MULTILINE)
    assert [(name, field.description) for name, field in Options.model_fields.items()] == rows


def test_the_policies_can_be_pasted_and_allow_what_the_doctor_looks_at() -> None:
    mine, trust, _ = (json.loads(one) for one in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL))
    assert {*examine._NEEDED, *examine._OF_THE_BUCKET} <= actions(mine)
    also = {"iam:PassRole", "iam:GetRole", "iam:SimulatePrincipalPolicy", "s3:ListBucket", "s3:DeleteObject"}
    assert also <= actions(mine)
    assert examine._trusts(trust)


def actions(policy: dict[str, Any]) -> set[str]:
    said = [one["Action"] for one in policy["Statement"]]
    return {name for one in said for name in ([one] if isinstance(one, str) else one)}


def test_the_table_of_prices_can_be_read(tmp_path: Path) -> None:
    table = tmp_path / "prices.csv"
    table.write_text(re.findall(r"```\n(instance,.*?)```", PAGE, re.DOTALL)[0])
    found = prices.price("ml.g5.xlarge", "us-east-1", now=0.0, table=table, folder=tmp_path)
    assert found is not None
    assert (1.408, "USD") == (found.amount, found.currency)
