"""Scripts below this server's root folder: what parameters they have, and their submit.

A path is the one that the file browser shows. It is resolved, links and all, and
must still be below the root; what Jupyter hides is not there for us either.
"""

from __future__ import annotations

import inspect
import os
import secrets
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from jupyter_client.kernelspec import KernelSpec, NoSuchKernel
from pydantic import ValidationError

from jupyter_training.client import environment, imports, interpreter, target
from jupyter_training.errors import InvalidSpec, InvalidUsage, NotFound, Problem, TooLarge, near_miss
from jupyter_training.languages import argparse_text
from jupyter_training.schema import SubmitRequest, SubmitResult
from jupyter_training.services import submitting
from jupyter_training.services.problems import problems_of
from jupyter_training.services.scripts import ScriptParameter, ScriptSubmit, ScriptView
from jupyter_training.services.site import Site

__all__ = ["Scripts"]

# Python reads a text in one go, and the server stands still meanwhile: a second for as much as is shown.
_LARGEST_SHOWN = 400_000  # bytes of a script whose text is read for parameters
_LARGEST = 2_000_000  # bytes of one that is submitted
_USUAL_KERNEL = "python3"


@dataclass(frozen=True)
class Scripts:
    """Blocking: to be asked off the event loop.

    ``root``: the folder that the server's file browser shows; None where its
    files are none of this machine. ``kernels``: Jupyter's manager of kernelspecs.
    """

    root: Path | None
    kernels: Any

    def show(self, path: str) -> ScriptView:
        """What the script's text says of its parameters.

        Raises:
            NotFound: there is no such script below the root.
            InvalidSpec: it is not Python; at its line.
        """
        file = self._file(path)
        try:
            content = file.read_bytes() if file.stat().st_size <= _LARGEST_SHOWN else None
        except OSError as error:
            raise NotFound(f"{path!r} can't be read: {error.strerror}.") from None
        if content is None:
            return ScriptView(path=path, parameters=(), notes=(f"{path} is too long to be read for parameters.",))
        found = argparse_text.read(imports.parsed(content, path))
        return ScriptView(
            path=path,
            parameters=tuple(
                ScriptParameter(
                    name=one.name,
                    flags=one.flags,
                    type=one.type,
                    default=one.default,
                    choices=one.choices,
                    required=one.required,
                    help=one.help,
                )
                for one in found.parameters
            ),
            notes=found.notes,
        )

    def submit(self, site: Site, user: str, request: ScriptSubmit) -> SubmitResult:
        """Submit the script with the modules beside it, to run in its own folder by the kernelspec's interpreter.

        Raises:
            NotFound: there is no such script or kernelspec.
            InvalidSpec: the code or a value breaks a rule.
            TooLarge: more than a script may have here.
        """
        file = self._file(request.path)
        if file.stat().st_size > _LARGEST:
            raise TooLarge(
                f"{request.path!r} has more than {_LARGEST / 1e6:.0f} MB.",
                hint=f"Submit it from a terminal: `jupyter training submit {file.name}`.",
            )
        python, variables = self._interpreter(request.kernel)
        ready = target.of_script(file, *request.args, limit=site.settings.bundle_limit_bytes)
        surroundings = environment.captured(python=python, folder=file.parent, variables=variables)
        interpreter.check_imports(
            ready.foreign, python, variables=surroundings["variables"], folders=[surroundings["folder"]]
        )
        wish: dict[str, Any] = {
            "key": request.key or secrets.token_hex(16),
            "entry": ready.entry,
            "files": list(ready.files),
            "params": request.params,
            "environment": surroundings,
            "origin": {"client": "files"},
            "name": request.name,
            "pool": request.pool,
            "priority": request.priority,
        }
        try:
            asked = SubmitRequest.model_validate({key: value for key, value in wish.items() if value is not None})
        except ValidationError as error:
            problems = problems_of(error)
            raise InvalidSpec(f"{problems[0].key}: {problems[0].detail}.", errors=problems) from None
        return submitting.submit(site, user, asked)

    def _file(self, path: str) -> Path:
        """The file, links resolved, if it is one below the root."""
        if self.root is None:
            raise InvalidUsage("This server shows no files of its machine, so there are no scripts to name.")
        parts = PurePosixPath(path).parts
        if "\0" in path or "\\" in path or path.startswith("/") or any(part.startswith(".") for part in parts):
            raise NotFound(f"There is no script {path[:200]!r} below the server's root folder.")
        root = Path(os.path.realpath(self.root))
        file = Path(os.path.realpath(root / path))
        if not file.is_relative_to(root) or not os.path.isfile(file):  # which is False for what no file can be called
            raise NotFound(
                f"There is no script {path[:200]!r} below the server's root folder.", hint=_neighbour(root / path, root)
            )
        if file.suffix != ".py":
            raise InvalidSpec(f"{path!r} is not a Python file.", hint="Its name must end in .py.")
        return file

    def _interpreter(self, kernel: str | None) -> tuple[str, dict[str, str]]:
        """A kernelspec's interpreter and the variables that it adds. None: the usual kernel, or this server's."""
        if inspect.iscoroutinefunction(self.kernels.get_kernel_spec):  # a gateway's
            if kernel is None:
                return sys.executable, {}
            raise InvalidUsage("This server's kernels run elsewhere, so none of them runs a script of this machine.")
        try:
            spec: KernelSpec = self.kernels.get_kernel_spec(kernel or _USUAL_KERNEL)
        except NoSuchKernel:
            if kernel is None:
                return sys.executable, {}
            known = sorted(self.kernels.find_kernel_specs())
            close = near_miss(kernel, known)
            raise InvalidSpec(
                f"There is no kernel {kernel!r} here; there is: {', '.join(known) or 'none'}.",
                hint=f"Did you mean {close!r}?" if close else None,
                errors=[Problem("unknown", key="kernel")],
            ) from None
        if spec.language.lower() != "python" or not spec.argv:
            raise InvalidSpec(
                f"The kernel {kernel!r} runs {spec.language or 'no language'}, not Python.",
                errors=[Problem("runs no Python", key="kernel")],
            )
        added = {name: value for name, value in spec.env.items() if not environment.looks_secret(name)}
        return _program(spec.argv[0]), added


def _program(word: str) -> str:
    """The program of a kernelspec, as Jupyter starts it: a bare ``python`` is the server's own."""
    if word in ("python", f"python{sys.version_info[0]}", f"python{sys.version_info[0]}.{sys.version_info[1]}"):
        return sys.executable
    return shutil.which(word) or word


def _neighbour(path: Path, root: Path) -> str | None:
    """The near miss among the scripts beside a path that is not there."""
    folder = Path(os.path.realpath(path.parent))
    if not folder.is_relative_to(root):
        return None
    try:
        names = {one.name.lower(): one.name for one in folder.iterdir() if one.suffix == ".py"}
    except OSError:
        return None
    close = near_miss(path.name, names)
    return f"Did you mean {names[close]!r}?" if close else None
