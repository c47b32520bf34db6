"""Short names of images."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from jupyter_training.backends.sagemaker import images
from jupyter_training.errors import InvalidSpec

SDK = images._ASK


def resolved(image: str, folder: Path, *, instance: str = "ml.g5.xlarge", region: str = "us-east-1") -> str:
    return images.resolved(image, region=region, instance=instance, folder=folder)


class Asked:
    """The SDK's process, as if it answered this."""

    def __init__(self, answer: dict[str, str]) -> None:
        self.answer = answer
        self.questions: list[dict[str, str]] = []

    def __call__(self, command: list[str], *, input: str, **more: Any) -> Any:
        self.questions.append(json.loads(input))
        return subprocess.CompletedProcess(command, 0, f"a line of a chatty import\n{json.dumps(self.answer)}\n", "")


@pytest.fixture
def sdk(monkeypatch: pytest.MonkeyPatch) -> Asked:
    asked = Asked({"uri": "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:2.6-gpu-py312"})
    monkeypatch.setattr(images.subprocess, "run", asked)
    return asked


@pytest.mark.slow
def test_the_real_sdk_knows_it_without_a_network(tmp_path: Path) -> None:
    found = resolved("pytorch-2.6", tmp_path)
    assert "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:2.6-gpu-py312" == found
    kept = json.loads((tmp_path / "images.json").read_text())
    assert [found] == list(kept.values())


def test_a_name_is_asked_for_once(tmp_path: Path, sdk: Asked) -> None:
    for _ in range(3):
        assert sdk.answer["uri"] == resolved("pytorch-2.6", tmp_path)
    resolved("pytorch-2.6", tmp_path, region="eu-west-1")
    resolved("pytorch-2.6", tmp_path, instance="ml.m5.large")
    assert [("us-east-1", "ml.g5.xlarge"), ("eu-west-1", "ml.g5.xlarge"), ("us-east-1", "ml.m5.large")] == [
        (one["region"], one["instance_type"]) for one in sdk.questions
    ]


def test_another_version_of_the_sdk_is_asked_anew(tmp_path: Path, sdk: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    resolved("pytorch-2.6", tmp_path)
    monkeypatch.setattr(images, "_sdk", lambda: "99")
    resolved("pytorch-2.6", tmp_path)
    assert 2 == len(sdk.questions)


@pytest.mark.parametrize(
    ("image", "framework", "version", "instance", "python"),
    [
        ("pytorch-2.6-cpu", "pytorch", "2.6", "ml.m5.large", None),
        ("pytorch-2.6-gpu", "pytorch", "2.6", "ml.g5.xlarge", None),
        ("tensorflow-2.18-py310", "tensorflow", "2.18", "ml.p4d.24xlarge", "py310"),
        ("sklearn-1.2-1", "sklearn", "1.2-1", "ml.p4d.24xlarge", None),
    ],
)
def test_what_a_name_says(
    image: str, framework: str, version: str, instance: str, python: str | None, tmp_path: Path, sdk: Asked
) -> None:
    resolved(image, tmp_path, instance="ml.p4d.24xlarge")
    (asked,) = sdk.questions
    assert (framework, version, instance) == (asked["framework"], asked["version"], asked["instance_type"])
    assert python == asked.get("py_version")


def test_a_uri_is_taken_as_it_is(tmp_path: Path, sdk: Asked) -> None:
    assert "a.b/c:1" == resolved("a.b/c:1", tmp_path)
    assert [] == sdk.questions


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"lacks": "No module named 'sagemaker'"}, "only the SageMaker SDK knows, and that is not installed"),
        ({"unknown": "pytoch"}, "AWS has no image of 'pytoch'"),
        ({"refused": "ValueError: Unsupported version."}, "'pytorch-2.6' is no image: Unsupported version"),
    ],
)
def test_a_name_that_leads_nowhere(answer: dict[str, str], words: str, tmp_path: Path, sdk: Asked) -> None:
    sdk.answer = answer
    with pytest.raises(InvalidSpec) as refused:
        resolved("pytorch-2.6", tmp_path)
    assert words in str(refused.value)
    assert "the whole URI of the image" in str(refused.value)
    assert "options.image" == refused.value.errors[0].key


def test_a_long_list_of_what_there_is_keeps_its_end(tmp_path: Path, sdk: Asked) -> None:
    """The newest versions stand there."""
    sdk.answer = {"refused": f"ValueError: Unsupported version. Supported: {', '.join(map(str, range(300)))}."}
    with pytest.raises(InvalidSpec) as refused:
        resolved("pytorch-2.6", tmp_path)
    assert refused.value.errors[0].detail.endswith("298, 299")
    assert len(refused.value.errors[0].detail) < 400


def test_what_is_neither_a_name_nor_a_uri(tmp_path: Path, sdk: Asked) -> None:
    with pytest.raises(InvalidSpec, match="'my image' is neither a short name like pytorch-2.6 nor the URI"):
        resolved("my image", tmp_path)


def test_a_home_without_the_sdk_says_so(tmp_path: Path) -> None:
    """The question itself, asked of an interpreter that has no SDK."""
    question = json.dumps({"framework": "pytorch", "version": "2.6", "region": "us-east-1"})
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", SDK], input=question, capture_output=True, text=True, check=True
    )
    assert "sagemaker" in json.loads(done.stdout)["lacks"]


def test_answers_that_can_not_be_kept_are_given_all_the_same(tmp_path: Path, sdk: Asked) -> None:
    (tmp_path / "home").write_text("no folder")
    assert sdk.answer["uri"] == resolved("pytorch-2.6", tmp_path / "home")
