"""Arguments of verbs: argparse with our words, near misses, and the options that many verbs share."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any, NoReturn

from jupyter_training.errors import InvalidUsage, near_miss

__all__ = ["Parser", "add_job", "add_json", "add_place", "amount", "pair", "span", "whole"]


class Parser(argparse.ArgumentParser):
    """Raises what is wrong as InvalidUsage, and knows no abbreviations: they break when options are added.

    With ``takes_rest`` what stands behind ``--`` is kept apart, as ``rest``.
    """

    takes_rest = False

    def __init__(self, **options: Any) -> None:
        super().__init__(allow_abbrev=False, formatter_class=argparse.RawDescriptionHelpFormatter, **options)
        self._verbs: dict[str, Parser] = {}
        self._stands_alone = False

    def read(self, words: Sequence[str]) -> argparse.Namespace:
        """The options in these words; positional words and options may be mixed.

        Raises:
            InvalidUsage: an unknown option, with the near miss, or anything else that is wrong.
        """
        if self._verbs and words and not words[0].startswith("-"):
            return self._read_verb(words[0], words[1:])
        if self._verbs and not self._stands_alone and not {"-h", "--help"}.intersection(words):
            raise InvalidUsage(f"{self.prog} needs one of: {', '.join(self._verbs)}.")
        words = list(words)
        end = words.index("--") if "--" in words else len(words)
        rest = words[end + 1 :]
        if rest and not self.takes_rest:
            raise InvalidUsage(f"{self.prog} takes nothing behind --.", hint=f"See {self.prog} --help.")
        self._check_known(words[:end])
        found = self.parse_intermixed_args(words[:end])
        found.rest = rest
        if self._verbs:
            found.action = None
        return found

    def _read_verb(self, verb: str, words: Sequence[str]) -> argparse.Namespace:
        if verb not in self._verbs:
            close = near_miss(verb, self._verbs)
            hint = f"Did you mean {close!r}?" if close else f"There is: {', '.join(self._verbs)}."
            raise InvalidUsage(f"{self.prog} has no {verb!r}.", hint=hint)
        found = self._verbs[verb].read(words)
        found.action = verb
        return found

    def error(self, message: str) -> NoReturn:
        words = message.removeprefix("argument ")
        raise InvalidUsage(f"{self.prog}: {words}.", hint=f"See {self.prog} --help.")

    def add_verbs(self, verbs: dict[str, str], *, alone: bool = False) -> dict[str, Parser]:
        """Verbs below this one (``db check``), with what they do; gives their parsers.

        ``alone``: without any of them it does something, too; ``action`` is None then.
        """
        self._stands_alone = alone
        self._verbs = {
            name: Parser(prog=f"{self.prog} {name}", description=_sentence(text)) for name, text in verbs.items()
        }
        names = "|".join(verbs)
        self.usage = f"%(prog)s {f'[{names}]' if alone else names} [options]"
        width = max(map(len, verbs))
        self.epilog = "\n".join(f"  {name.ljust(width)}  {text}" for name, text in verbs.items())
        return self._verbs

    def _check_known(self, words: Sequence[str]) -> None:
        known = self._option_string_actions
        for word in words:
            name = word.partition("=")[0]
            if not word.startswith("-") or word == "-" or name in known or _is_number(word):
                continue
            if not word.startswith("--") and word[:2] in known:
                continue  # -n5
            long = [option for option in known if option.startswith("--")]
            close = near_miss(name, long) or next((one for one in long if len(name) > 3 and one.startswith(name)), None)
            hint = f"Did you mean {close}?" if close else f"Known: {', '.join(sorted(long))}."
            raise InvalidUsage(f"{self.prog} has no option {name}.", hint=hint)


def add_place(parser: argparse.ArgumentParser) -> None:
    """Which store is meant."""
    place = parser.add_argument_group("which store")
    place.add_argument("--home", metavar="FOLDER", help="the home folder (default: JUPYTER_TRAINING_HOME)")
    place.add_argument("--url", metavar="URL", help="a server elsewhere; its token comes from JUPYTER_TRAINING_TOKEN")


def add_json(parser: argparse._ActionsContainer) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON, in the shapes that `schema` documents")


def add_job(parser: argparse.ArgumentParser, *, several: bool = False) -> None:
    words = "an id or the start of one, a name (its newest job), or last"
    parser.add_argument("jobs" if several else "job", nargs="+" if several else None, metavar="JOB", help=words)


def whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number") from None


def amount(text: str) -> object:
    """A number; other words stay as they are, for the server to refuse them in its own."""
    from jupyter_training.kernel import values

    return values.amount(text)


def span(text: str) -> float:
    """Seconds of ``90``, ``45s``, ``2h`` or ``1h30m``.

    Raises:
        InvalidSpec: it is no duration.
    """
    from jupyter_training.languages import quantities

    return quantities.duration(text, key="--timeout")


def pair(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise argparse.ArgumentTypeError(f"{text!r} is not KEY=VALUE")
    return key, value


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."
