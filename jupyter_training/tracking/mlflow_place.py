"""Where an MLflow record lies: databases, files, servers. No import of mlflow."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

from jupyter_training.settings import Settings

__all__ = ["artifact_root", "is_database", "local_path", "shown"]

_DATABASES = ("sqlite", "postgresql", "mysql", "mssql")


def is_database(uri: str) -> bool:
    """Whether MLflow opens it as a database, rather than asking a server."""
    return uri.split(":", 1)[0].split("+", 1)[0] in _DATABASES


def artifact_root(settings: Settings) -> Path | None:
    """Where we say that files go: in the home, unless a server decides it.

    A database has no opinion on it, and MLflow would take the working folder.
    """
    return settings.mlflow_artifacts if is_database(settings.mlflow_uri) else None


def local_path(artifact_uri: str | None) -> Path | None:
    """The folder on this machine that an artifact URI means, if it means one."""
    if artifact_uri is None:
        return None
    if artifact_uri.startswith("/"):
        return Path(artifact_uri)
    parts = urlsplit(artifact_uri)
    return Path(unquote(parts.path)) if parts.scheme == "file" and parts.netloc in ("", "localhost") else None


def shown(uri: str) -> str:
    """The URI as it may stand in a log, a link or a command: without user and password."""
    parts = urlsplit(uri)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl() if "@" in parts.netloc else uri
