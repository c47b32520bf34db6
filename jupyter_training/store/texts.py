"""Texts that every database takes: no lone surrogates, no NUL, whole numbers within 64 bits."""

from __future__ import annotations

__all__ = ["clean", "whole"]

_LARGEST = 2**63 - 1


def clean(text: str) -> str:
    """The text, with what UTF-8 or PostgreSQL can't hold replaced by question marks."""
    if text.isascii() and "\0" not in text:
        return text
    return text.encode("utf-8", "replace").decode("utf-8").replace("\0", "?")


def whole(number: int) -> int:
    """The number, or the largest one that a column holds."""
    return max(-_LARGEST, min(_LARGEST, number))
