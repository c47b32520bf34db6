"""What is refused for its name, wherever in the parameters it stands."""

from __future__ import annotations

import pytest

from jupyter_training.languages.secret_names import secrets_in


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ({"lr": 0.1, "password": "x", "token": ""}, ["password"]),
        ({"db": {"host": "h", "password": "x"}}, ["db.password"]),
        ({"stores": [{"url": "u"}, {"api_key": "x"}]}, ["stores.1.api_key"]),
        ({"credentials": {"user": "a", "more": ["b"]}}, ["credentials"]),
        ({"secret": 7, "token": None, "max_tokens": "10", "tokens": ["x"]}, []),
        ({"tokenizer": {"pad_token": "<pad>", "eos_token": "</s>"}}, []),
    ],
)
def test_secrets_are_found_however_deep(values: dict[str, object], found: list[str]) -> None:
    assert found == list(secrets_in(values))
