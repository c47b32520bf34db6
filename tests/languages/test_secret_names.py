"""What is refused for its name, wherever in the parameters it stands."""

from __future__ import annotations

import time

import pytest

from jupyter_training.languages.secret_names import looks_secret, passwords_in, secrets_in


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


@pytest.mark.parametrize(
    "name",
    [
        "secret_key", "aws_secret_key", "AWS_SECRET_ACCESS_KEY", "MINIO_SECRET_KEY", "private_key", "SSH_PRIVATE_KEY",
        "db_pwd", "DB_PWD", "passphrase", "passwords", "client_secrets", "api_keys", "hf_tokens", "access_tokens",
        "db.password", "hub.api-key",
    ],
)  # fmt: skip
def test_a_name_of_a_secret(name: str) -> None:
    assert looks_secret(name)


@pytest.mark.parametrize(
    "name",
    [
        "key", "sort_key", "keys", "public_key", "monkey", "private_key_path", "password_length", "secretary",
        "PWD", "pwd", "pad_token", "model.eos-token", "tokenizer", "token_type", "tokens", "max_tokens", "num_tokens",
        "n_tokens", "special_tokens",
    ],
)  # fmt: skip
def test_a_name_of_something_else(name: str) -> None:
    assert not looks_secret(name)


@pytest.mark.parametrize(
    ("text", "has_one"),
    [
        ("postgres://ada:pw@host/d", True),
        ("see https://:token@host", True),
        ("MY_URL=mysql+pymysql://ada:p:w@host", True),
        ("x" * 40 + "://ada:pw@host", True),
        ('{"to":"s3://bucket","by":"ada@host"}', False),
        ("https://ada@host", False),
        ("s3://bucket/a:b@c", False),
        ("http://host:80/x@y", False),
        ("a: b://", False),
    ],
)
def test_urls_with_a_password(text: str, has_one: bool) -> None:
    assert (["deep.0"] if has_one else []) == list(passwords_in({"deep": [text]}))


@pytest.mark.parametrize("text", ["a.a", "a", "a://b:", "b:", "a://", ":", "a+"])
def test_a_long_text_takes_its_length_in_time(text: str) -> None:
    """Of two texts the longer one is of four times the length: it may take four times as long, and not sixteen."""

    def seconds(count: int) -> float:
        values = {"x": "a://" + text * count}
        began = time.process_time()
        for _ in range(3):
            assert [] == list(passwords_in(values))
        return time.process_time() - began

    short, long = (min(seconds(count) for _ in range(3)) for count in (5_000, 20_000))
    assert long < 12 * short
