"""``submit SCRIPT key=value ...``: the options of ``%%train``, from a shell."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from jupyter_training.cli import config_file, say, searched
from jupyter_training.cli.arguments import Parser, add_json, add_place, pair
from jupyter_training.cli.options import add
from jupyter_training.cli.options import said as said_of
from jupyter_training.cli.parameters import config_of, split, texts_of
from jupyter_training.cli.place import client_of
from jupyter_training.cli.rehearsed import rehearsed
from jupyter_training.client import submission, target
from jupyter_training.client.client import Client
from jupyter_training.client.context import Packed
from jupyter_training.client.handle import Handle
from jupyter_training.errors import InvalidSpec, InvalidUsage
from jupyter_training.kernel import tell
from jupyter_training.kernel.commands import CELL, SERVED
from jupyter_training.kernel.plan import planned
from jupyter_training.kernel.search_words import for_the_line
from jupyter_training.kernel.wish import Wish, over, put, resolved

__all__ = ["arguments", "run"]

# Those options of the cell magic that are a job's own; what a shell does differently stands below.
# What a shell does in another way, or has no use for.
_ELSEWHERE = frozenset({"detach", "env", "if_exists", "metrics", "o", "pass_env", "quiet", "take", "wait"})
_SHARED = tuple(option for option in CELL.options if option.key and option.name not in _ELSEWHERE)


def arguments(parser: Parser) -> None:
    parser.usage = "%(prog)s SCRIPT [key=value ...] [options] [-- ARGUMENT ...]"
    parser.epilog = (
        "Parameters arrive as --key value: lr=0.1 becomes --lr 0.1. Values are read as numbers,\n"
        "true, false, null, quoted texts, lists and dicts; anything else is a text. What stands\n"
        "behind -- goes to the script as it is. Local modules that the script imports travel with it.\n"
        "With a --metric a parameter may be a range, as in 'lr=loguniform(1e-4,1e-1)' or batch=32,64: then it is a\n"
        "search, and each of its trials a job. `jupyter training experiment --help` has more.\n\n"
        'At SageMaker --input train=s3://bucket/data is at os.environ["SM_CHANNEL_TRAIN"], which is\n'
        '/opt/ml/input/data/train; a local folder is uploaded once. What is written to output("x") or /opt/ml/model\n'
        "comes back."
    )
    parser.takes_rest = True
    parser.add_argument("words", nargs="*", metavar="SCRIPT key=value", help="the script, and its parameters")
    job = parser.add_argument_group("the job")
    add(job, (one for one in _SHARED if one not in SERVED))
    add(parser.add_argument_group("where a service runs it (with --backend)"), SERVED)
    job.add_argument("--metrics", metavar="auto|off", choices=("auto", "off"), help="read metrics from printed lines")
    job.add_argument("-f", "--config", metavar="FILE", help="a YAML file with any of these keys; options win over it")
    job.add_argument("--key", metavar="TEXT", help="repeating a submit with the same key gives the first job")
    job.add_argument(
        "--if-exists",
        choices=("reuse", "new", "error"),
        help="what an equal job that is active means: a new one (the default), that job, an error",
    )
    around = parser.add_argument_group("its environment")
    repeated: dict[str, Any] = {"action": "append", "default": []}
    around.add_argument(
        "--env",
        "--env-var",
        metavar="NAME[=VALUE]",
        type=_setting,
        help="a variable, kept with the job; a name alone takes its value here",
        **repeated,
    )
    around.add_argument("--pass-env", metavar="NAME", help="hand a variable's value over, not kept", **repeated)
    after = parser.add_argument_group("afterwards")
    after.add_argument("--wait", action="store_true", help="stay until it has ended; exit code 1 if it fails")
    after.add_argument("--follow", action="store_true", help="like --wait, with its output")
    after.add_argument("--detach", action="store_true", help="return at once, also where the config says to wait")
    after.add_argument("--dry-run", action="store_true", help="show all that would be sent, and store nothing")
    after.add_argument("--test", action="store_true", help="try the code for one step, and keep nothing of it")
    config_file.arguments(parser)
    add_json(after)
    add_place(parser)


def run(options: argparse.Namespace) -> int:
    try:
        return _run(options)
    except InvalidSpec as error:
        raise for_the_line(error) from None


def _run(options: argparse.Namespace) -> int:
    scripts, params = split(options.words)
    with client_of(options) as client:
        wish = _wish(options, params, texts_of(options.words), client)
        defined = config_file.request(options, wish, scripts, client)
        script = _script(scripts) if defined is None else ""
        context = client.pack(wish.context) if wish.context is not None else None
        if context is not None:
            _, which = target.place_of(script, context.folder)
            if which:
                print(which, file=sys.stderr)
        request = defined or _request(script, options, wish, client, context)
        insists = getattr(options, "insists", False) and defined is None
        if options.dry_run:
            plan = client.plan(request)
            if insists and plan["search"] is None:
                raise _no_search(plan)
            return _show_plan(plan, request, context, as_json=options.json)
        if context is not None:
            print(context.sentence, file=sys.stderr)
            client.put_data(context)
        if options.test:
            return rehearsed(client.rehearse(request), as_json=options.json)
        result = client.create_experiment(request) if insists else client.submit_request(request)
        if result.get("experiment") is not None:
            waits = wish.waits or options.follow
            return searched.submitted(client, result, waits=waits, as_json=options.json)
        handle = Handle(client, result["job"])
        for sentence in tell.submitted(result):
            print(sentence, file=sys.stderr)
        if not (wish.waits or options.follow):
            view = client.job(handle.id)
            if options.json:
                say.as_json(view)
            else:
                print(f"{view['id']}  {view['name']}  {view['phase']}. {_next(view)}")
            return 0
        if not result["reused"]:
            print(f"{handle.id}  {handle.name}  submitted", file=sys.stderr)
        return _stay(client, handle, follow=options.follow, as_json=options.json)


def _wish(options: argparse.Namespace, params: dict[str, object], texts: dict[str, str], client: Client) -> Wish:
    """What the options say over what the config file says; the same rules as in a notebook.

    Raises:
        InvalidSpec: the file is wrong; at line and column.
    """
    said = said_of(options, _SHARED)
    for key in ("metrics", "if_exists"):
        if getattr(options, key) is not None:
            said[key] = getattr(options, key)
    if params:
        said["params"] = params
    if options.env:
        put(said, "environment.variables", dict(options.env))
    secrets = [name for text in options.pass_env for name in text.split(",") if name]
    if secrets:
        put(said, "environment.pass_env", secrets)
    if options.wait or options.detach:
        said["wait"] = not options.detach
    if options.config is None:
        return over(Wish(said, texts), {})
    config = config_of(options.config)
    found = client.config(config["text"], name=config["name"])["values"]
    for key in sorted({"take", "out"} & found.keys()):
        print(f"{config['name']}: {key} is for notebooks and is passed over here.", file=sys.stderr)
    return over(Wish(said, texts), found)


def _request(
    script: str, options: argparse.Namespace, wish: Wish, client: Client, context: Packed | None
) -> dict[str, Any]:
    around, asked = wish.environment, wish.asked()
    return submission.request(
        script,
        options.rest,
        wish.expressed(wish.params)["params"],
        said=wish.unquoted,
        limit=client.settings.bundle_limit_bytes,
        env={name: resolved(name, value) for name, value in (around.get("variables") or {}).items()},
        pass_env=around.get("pass_env") or (),
        environment=around.get("kind"),
        python=around.get("python"),
        folder=around.get("folder"),
        context=context,
        key=options.key,
        origin={"client": "cli"},
        **(asked.pop("resources", None) or {}),
        **asked,
    )


def _show_plan(plan: dict[str, Any], request: dict[str, Any], context: Packed | None, *, as_json: bool) -> int:
    if as_json:
        say.as_json(plan)
    else:
        print(planned(plan, request, context=context).text)
    return 0


def _no_search(plan: dict[str, Any]) -> InvalidSpec:
    from jupyter_training.services import search_reading  # a server says so of what is no dry run

    return search_reading.nothing_varies(plan["spec"]["params"])


def _stay(client: Client, handle: Handle, *, follow: bool, as_json: bool) -> int:
    from jupyter_training.cli.wait import detaching, stay

    if follow:
        with detaching(handle.name, handle.id):
            for text in handle.follow():
                print(text, end="", flush=True, file=sys.stderr if as_json else sys.stdout)
    return stay(client, [handle.id], timeout=None, as_json=as_json, quiet=follow or as_json)


def _next(view: dict[str, Any]) -> str:
    """What can be typed now."""
    return f"To follow it: jupyter training logs -f {view['id'][:6]}"


def _script(words: list[str]) -> str:
    """The script among the words that are no parameters.

    Raises:
        InvalidUsage: there is none, or more than one.
    """
    if not words:
        raise InvalidUsage("submit needs the path of a script.", hint="E.g. jupyter training submit train.py lr=0.1")
    if len(words) > 1:
        raise InvalidUsage(
            f"{words[1]!r} is neither an option nor key=value.", hint="Arguments of the script stand behind --."
        )
    return words[0]


def _setting(text: str) -> tuple[str, str | None]:
    """A variable with its value, or only its name."""
    return (text, None) if text.isidentifier() else pair(text)
