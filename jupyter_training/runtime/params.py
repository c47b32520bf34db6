"""``params``: what the job was given, read-only, by key and by attribute."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from jupyter_training.runtime import job

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    _Values = Mapping[str, Any]
else:
    _Values = Mapping

__all__ = ["Params", "params"]


class Params(_Values):
    """A job's parameters: ``params["lr"]`` or ``params.lr``. Empty outside a job."""

    __slots__ = ("_values",)

    _values: dict[str, Any] | None

    def __init__(self, values: Mapping[str, Any] | None = None) -> None:
        object.__setattr__(self, "_values", None if values is None else dict(values))

    def __getitem__(self, name: str) -> Any:
        return self._loaded()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._loaded())

    def __len__(self) -> int:
        return len(self._loaded())

    def __getattr__(self, name: str) -> Any:
        values = self._loaded() if not name.startswith("_") else {}
        if name in values:
            return values[name]
        there = f"there is: {', '.join(values)}" if values else "there are none"
        raise AttributeError(f"the job has no parameter {name!r}; {there}")

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"params is read-only; keep {name} in a variable of your own")

    def __delattr__(self, name: str) -> None:
        raise AttributeError("params is read-only")

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._loaded()]

    def __repr__(self) -> str:
        return f"params({', '.join(f'{name}={value!r}' for name, value in self._loaded().items())})"

    def __reduce__(self) -> tuple[type[Params], tuple[dict[str, Any]]]:
        return Params, (self._loaded(),)

    def _loaded(self) -> dict[str, Any]:
        if self._values is None:
            folder = job.folder()
            values = job.order(folder).get("params") if folder is not None else None
            object.__setattr__(self, "_values", dict(values or {}))
        assert self._values is not None
        return self._values


params = Params()
