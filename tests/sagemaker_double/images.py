"""What an image would run, by its name: there is one environment for all containers."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["Image", "image"]


@dataclass(frozen=True)
class Image:
    """The entry point and the variables that an image brings, and whether it can be pulled."""

    entry_point: list[str]
    variables: dict[str, str] = field(default_factory=dict)
    is_there: bool = True


# AWS's images start a shell, which stays the first process and passes no signal on.
_SHELL = ["bash", "-m", "-c", 'eval "$@"; exit $?', "start_with_right_hostname.sh"]


def image(name: str) -> Image:
    """The image of this name.

    AWS's PyTorch images run their own module within the toolkit; every other name is an image with the bare toolkit. A
    tag that begins with `missing` is not there.
    """
    repository, _, tag = name.rpartition("/")[2].partition(":")
    if tag.startswith("missing"):
        return Image([], is_there=False)
    if repository.startswith("pytorch-training"):
        module = "sagemaker_pytorch_container.training:main"
        return Image(_SHELL, {"PYTHONUNBUFFERED": "1", "SAGEMAKER_TRAINING_MODULE": module})
    return Image([])
