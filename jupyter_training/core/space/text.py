"""A whole space as YAML and as Python. Both are read again as they were; YAML by any reader of it."""

from __future__ import annotations

import re
from collections.abc import Mapping

from pydantic import JsonValue

from jupyter_training.core.expression.text import quoted, value_text
from jupyter_training.core.space.domains import Const, Domain
from jupyter_training.core.space.json_form import to_json
from jupyter_training.core.space.written import expression

__all__ = ["to_python", "to_yaml"]

# What a reader of YAML takes for nothing but a text, as a key and as a value.
_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:[.-][A-Za-z0-9_]+)*\Z")
_NO_KEY = re.compile(r"(?:y|n|yes|no|on|off|true|false|null)\Z", re.IGNORECASE)
_PLAIN_CALL = re.compile(r"[a-z]+\([\x20-\x7e]*\)\Z")


def to_yaml(domains: Mapping[str, Domain]) -> str:
    if not domains:
        return "{}\n"
    return "".join(f"{_key(name)}: {_yaml(one)}\n" for name, one in domains.items())


def to_python(domains: Mapping[str, Domain]) -> str:
    """A dict whose calls are those of ``jupyter_training``."""
    if not domains:
        return "{}"
    lines = [f"    {quoted(name)}: {_python(one)},\n" for name, one in domains.items()]
    return f"{{\n{''.join(lines)}}}"


def _yaml(domain: Domain) -> str:
    if isinstance(domain, Const) and not _is_form(domain):
        return _yaml_value(domain.value)
    text = expression(domain)
    is_plain = _PLAIN_CALL.match(text) and ": " not in text and " #" not in text
    return text if is_plain else _yaml_quoted(text)


def _python(domain: Domain) -> str:
    if isinstance(domain, Const) and not _is_form(domain):
        return value_text(domain.value)
    return expression(domain)


def _is_form(domain: Const) -> bool:
    """Whether a plain value would be read as something else."""
    return isinstance(to_json(domain), dict)


def _key(name: str) -> str:
    return name if _PLAIN_KEY.match(name) and not _NO_KEY.match(name) else _yaml_quoted(name)


def _yaml_value(value: JsonValue) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value if _PLAIN_KEY.match(value) and not _NO_KEY.match(value) else _yaml_quoted(value)
    if isinstance(value, (int, float)):
        text = repr(value)
        # 1e-05 is a text to readers of YAML 1.1; a number needs the dot.
        return text if isinstance(value, int) or "." in text else text.replace("e", ".0e")
    if isinstance(value, list):
        return f"[{', '.join(_yaml_value(one) for one in value)}]"
    return f"{{{', '.join(f'{_key(name)}: {_yaml_value(one)}' for name, one in value.items())}}}"


def _yaml_quoted(text: str) -> str:
    return f'"{"".join(_yaml_sign(sign) for sign in text)}"'


def _yaml_sign(sign: str) -> str:
    if sign in '"\\':
        return f"\\{sign}"
    if sign.isprintable() and sign != "\ufeff":
        return sign
    code = ord(sign)
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
