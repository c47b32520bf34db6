"""Short names of images: ``pytorch-2.6`` is what AWS offers under that name for a region and a kind of machine.

The SageMaker SDK knows them without asking anybody; it takes seconds and 200 MB
to import, so a process of its own asks it, and its answers are kept in a file.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

from jupyter_training.backends.sagemaker import kept
from jupyter_training.backends.sagemaker.options import refused
from jupyter_training.errors import Problem

__all__ = ["DEFAULT", "resolved"]

DEFAULT = "pytorch-2.6"
KEY = "options.image"
_FILE = "images.json"

# pytorch-2.6, pytorch-2.6-cpu, sklearn-1.2-1, tensorflow-2.18-gpu-py310
_SHORT = re.compile(
    r"(?P<framework>[a-z][a-z0-9]*(?:-[a-z][a-z0-9]*)*)-(?P<version>\d+(?:\.\w+)*(?:-\d+)?)"
    r"(?:-(?P<processor>cpu|gpu))?(?:-(?P<python>py\d+))?\Z"
)
_EXAMPLES = {"cpu": "ml.m5.large", "gpu": "ml.g5.xlarge"}  # what stands for a kind of machine in a question
_WITHIN = 120.0  # seconds; the SDK is slow to import on a busy machine
_ASK = """
import json, sys
asked = json.load(sys.stdin)
try:
    from sagemaker.core import image_uris
except ImportError:
    try:
        from sagemaker import image_uris
    except ImportError as error:
        print(json.dumps({"lacks": str(error)}))
        sys.exit()
try:
    print(json.dumps({"uri": image_uris.retrieve(image_scope="training", **asked)}))
except FileNotFoundError:
    print(json.dumps({"unknown": asked["framework"]}))
except Exception as error:
    print(json.dumps({"refused": f"{type(error).__name__}: {error}"}))
"""


def resolved(image: str, *, region: str, instance: str, folder: Path) -> str:
    """The URI of an image by its short name; a URI stays as it is. ``folder``: where answers are kept.

    Raises:
        InvalidSpec: no short name, none that the SDK knows, or there is no SDK to ask.
    """
    if "/" in image:
        return image
    short = _SHORT.match(image)
    if short is None:
        words = f"{image!r} is neither a short name like {DEFAULT} nor the URI of an image"
        raise _refused(words, "A URI is like 123456789012.dkr.ecr.us-east-1.amazonaws.com/name:tag.")
    asked = {
        "framework": short["framework"],
        "version": short["version"],
        "region": region,
        "instance_type": _EXAMPLES.get(short["processor"] or "", instance),
        **({"py_version": short["python"]} if short["python"] else {}),
    }
    key = "|".join([*asked.values(), _sdk()])
    known = kept.read(folder / _FILE).get(key)
    if isinstance(known, str):
        return known
    uri = _asked(image, asked)
    kept.put(folder / _FILE, key, uri)
    return uri


def _asked(image: str, asked: dict[str, str]) -> str:
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-W", "ignore", "-c", _ASK],
            input=json.dumps(asked),
            capture_output=True,
            text=True,
            timeout=_WITHIN,
            check=False,
        )
        told = json.loads(done.stdout.splitlines()[-1])
    except (OSError, subprocess.TimeoutExpired, ValueError, IndexError):
        told = {"refused": "the SageMaker SDK gave no answer"}
    if "uri" in told:
        return str(told["uri"])
    whole = "Give the whole URI of the image."
    if "lacks" in told:
        words = f"{image!r} is a short name, which only the SageMaker SDK knows, and that is not installed"
        raise _refused(words, f"pip install sagemaker. Or: {whole[:1].lower()}{whole[1:]}")
    if "unknown" in told:
        raise _refused(f"AWS has no image of {told['unknown']!r}, as far as the SageMaker SDK tells", whole)
    raise _refused(f"{image!r} is no image: {_short(str(told['refused']))}", whole)


def _short(words: str) -> str:
    """The SDK's own words without the name of its error; a long list is cut in its middle, as the end is the newest."""
    words = " ".join(re.sub(r"^\w+: ", "", words).split()).rstrip(".")
    return words if len(words) <= 300 else f"{words[:140]} ... {words[-140:]}"


def _refused(words: str, hint: str) -> Exception:
    return refused([Problem(words, key=KEY, hint=hint)])


def _sdk() -> str:
    """The SDK's version: a newer one may know better."""
    from importlib.metadata import PackageNotFoundError, version

    for name in ("sagemaker-core", "sagemaker"):
        try:
            return version(name)
        except PackageNotFoundError:
            continue
    return "none"
