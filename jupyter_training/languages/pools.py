"""Pools as people write them: options of a command, a request, a table ``[pools.lab]`` of the settings.

    given values + the pool as it was + what the machine has  ->  the pool

What is not given stays as it was. A new pool without ``slots`` has one for each
GPU, else one for each whole CPU, else one. ``gpus`` alone takes the machine's
first ones, or, where nobody can say what the machine has, the numbers from 0.

A pool of a service has what that gives now; ``slots`` is the most that it may have.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any, get_args

from jupyter_training.core.ids import NAME_PATTERN, no_name
from jupyter_training.core.resources import AT_MOST, LOCAL, MEMORY_MOST, Capacity, PolicyName, Pool, VictimRule
from jupyter_training.errors import InvalidSpec, Problem, near_miss
from jupyter_training.languages import quantities

__all__ = ["at_start", "followed", "read", "two_names"]

_CAPACITY = ("slots", "gpus", "devices", "cpus", "memory")
_KEYS = ("backend", *_CAPACITY, "options", "policy", "preemption", "victim", "aging", "is_default", "is_found")
_WRITTEN = {"default": "is_default", "found": "is_found"}  # as commands and settings call them
_DEVICE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:/-]{0,99}\Z")
_MOST = 100_000


def read(
    name: str,
    given: Mapping[str, Any],
    *,
    before: Pool | None = None,
    capacity: Capacity | None = None,
    takes_fewer: bool = False,
) -> Pool:
    """The pool of that name with what is given of it; a value of None is not given.

    ``takes_fewer``: where there are fewer GPUs than ``gpus`` says, those that there are.

    Raises:
        InvalidSpec: a key or a value that no pool has; the sentence begins with the key.
    """
    if re.fullmatch(NAME_PATTERN, name) is None:
        raise InvalidSpec(no_name(name))
    values = _known(given)
    backend = _text(values, "backend") or (before.backend if before else LOCAL)
    if before is not None and backend != before.backend:
        raise _refused("backend", f"{name!r} runs its jobs at {before.backend!r}", "Add another pool for this backend.")
    pool = before or Pool(name, backend, 0)
    if "options" in values:
        pool = replace(pool, options={**pool.options, **_mapping(values["options"])})
    if backend != LOCAL and (pool.is_found or values.get("is_found") or (before is None and "options" in values)):
        return _rules(_served(pool, values), values)
    if values.get("is_found"):
        return _rules(_found(pool, values, capacity), values)
    pool = replace(pool, devices=_devices(values, pool, capacity, takes_fewer))
    if "cpus" in values:
        pool = replace(pool, cpus=_number(values, "cpus") or None)
    if "memory" in values:
        pool = replace(pool, memory=_memory(values["memory"]))
    if "slots" in values:
        pool = replace(pool, slots=_whole(values, "slots"))
    elif before is None:
        pool = replace(pool, slots=len(pool.devices) or max(1, math.floor(pool.cpus or 1)))
    if values.keys() & set(_CAPACITY) or values.get("is_found") is False:
        pool = replace(pool, is_found=False)
    return _rules(pool, values)


def followed(pool: Pool, capacity: Capacity, slots: int | None = None) -> Pool:
    """The pool with what the machine has: a slot for each whole CPU, or ``slots``.

    GPUs that can't be asked for now are taken to be those of before.
    """
    devices = capacity.devices if capacity.devices is not None else pool.devices if capacity.fault else ()
    return replace(
        pool,
        slots=max(1, math.floor(capacity.cpus)) if slots is None else slots,
        devices=devices,
        cpus=capacity.cpus,
        memory=capacity.memory,
    )


def at_start(
    known: Mapping[str, Pool],
    named: Mapping[str, Mapping[str, Any]],
    local_slots: int | None,
    capacity: Capacity | None,
) -> list[Pool]:
    """What a program that starts makes of the pools that it finds: the changed ones and the new ones.

    ``named`` are those of its settings. ``capacity`` is what the machine has,
    None: not looked at. This machine's own pool is made where it is missing.

    Raises:
        InvalidSpec: a mistake in the settings; it begins with ``pools.NAME``.
    """
    pools = dict(known)
    has_default = any(pool.is_default for pool in known.values())
    local = pools.get(LOCAL) or Pool(LOCAL, LOCAL, local_slots or 1, is_default=not has_default, is_found=True)
    if local_slots is not None:
        local = replace(local, slots=local_slots)
    pools[LOCAL] = local
    for name, pool in pools.items():
        if pool.is_found and pool.backend == LOCAL and capacity is not None:
            pools[name] = followed(pool, capacity, local_slots if name == LOCAL else None)
    for name, given in named.items():
        before = pools.get(name)
        try:
            there = capacity if (before.backend if before else given.get("backend", LOCAL)) == LOCAL else None
            pool = read(name, given, before=before, capacity=there, takes_fewer=True)
        except InvalidSpec as error:
            raise InvalidSpec(f"pools.{name}: {error.detail}", hint=error.hint) from None
        # What its settings say counts at each start; the rest goes on following the machine.
        pools[name] = replace(pool, is_found=before.is_found) if before is not None else pool
    chosen = [name for name, given in named.items() if _known(given).get("is_default")]
    if len(chosen) > 1:
        raise InvalidSpec(f"pools: {' and '.join(chosen)} are both the default; only one pool can be.")
    if chosen:
        pools = {name: replace(pool, is_default=name == chosen[0]) for name, pool in pools.items()}
    return [pool for name, pool in pools.items() if pool != known.get(name)]


def two_names(pools: Iterable[Pool], capacity: Capacity) -> tuple[str, str] | None:
    """Two names of one device of this machine, where pools have such: it would be given to two jobs at a time."""
    called: dict[str, str] = {}
    for pool in pools:
        for name in pool.devices if pool.backend == LOCAL else ():
            meant = _uuid_of(name, capacity)
            if meant is not None and called.setdefault(meant, name) != name:
                return called[meant], name
    return None


def _uuid_of(name: str, capacity: Capacity) -> str | None:
    """The whole UUID of the one device that is called so."""
    pairs = list(zip(capacity.devices or (), capacity.uuids, strict=False))
    meant = [uuid for device, uuid in pairs if uuid and device == name]
    meant = meant or [uuid for _, uuid in pairs if not name.isdigit() and uuid.startswith(name)]
    return meant[0] if len(meant) == 1 else None


def _known(given: Mapping[str, Any]) -> dict[str, Any]:
    """The given values by the names of a pool's own fields."""
    values: dict[str, Any] = {}
    for key, value in given.items():
        name = _WRITTEN.get(key, key)
        if name not in _KEYS:
            keys = [*(one for one in _KEYS if not one.startswith("is_")), *_WRITTEN]
            close = near_miss(key, keys)
            hint = f"Did you mean {close!r}?" if close else f"There is: {', '.join(keys)}."
            raise _refused(key, "no pool has such a thing", hint)
        if value is not None:
            values[name] = value
    return values


def _served(pool: Pool, values: Mapping[str, Any]) -> Pool:
    """A pool that has what its service gives; ``slots`` is then the most that a person lets it have."""
    told = [key for key in _CAPACITY if key in values and key != "slots"]
    if told:
        raise _refused(told[0], f"what a machine at {pool.backend!r} has follows from its kind", "Leave it out.")
    if values.get("is_found") is False:
        if "slots" not in values:
            raise _refused("found", "who does not ask the service has to say how many slots it has", "Say slots too.")
        return replace(pool, is_found=False, slots=_whole(values, "slots"), remark=None)
    if "slots" in values:
        most = _whole(values, "slots")
        options = {**pool.options, AT_MOST: most}
        return replace(pool, is_found=True, slots=min(pool.slots, most) if pool.is_found else most, options=options)
    if values.get("is_found"):
        pool = replace(pool, options={key: value for key, value in pool.options.items() if key != AT_MOST})
    return replace(pool, is_found=True, slots=pool.slots or 1)


def _found(pool: Pool, values: Mapping[str, Any], capacity: Capacity | None) -> Pool:
    told = [key for key in _CAPACITY if key in values]
    if told:
        raise _refused(told[0], "it is either said or found, not both", "Leave out one of them.")
    if capacity is None:
        raise _refused("found", f"only people can tell what {pool.backend!r} has", "Say slots and gpus instead.")
    return replace(followed(pool, capacity), is_found=True)


def _devices(values: Mapping[str, Any], pool: Pool, capacity: Capacity | None, takes_fewer: bool) -> tuple[str, ...]:
    """The pool's devices as ``gpus`` and ``devices`` say, which must agree; where neither is given, as they were."""
    count = _whole(values, "gpus") if "gpus" in values else None
    if "devices" in values:
        named = _names(values["devices"])
        if count is not None and count != len(named):
            words = f"it says {count}, and devices names {len(named)}: {', '.join(named) or 'none'}"
            raise _refused("gpus", words, "Leave gpus out where devices are named.")
        return named
    if count is None:
        return pool.devices
    there = capacity.devices if capacity is not None else None
    if len(pool.devices) == count and (there is None or set(pool.devices) <= set(there)):
        return pool.devices
    if there is None:
        return tuple(str(number) for number in range(count))
    if count > len(there) and not takes_fewer:
        seen = f"{len(there)} can be seen here: {', '.join(there)}" if there else "none can be seen here"
        raise _refused("gpus", f"it says {count}, and {seen}", "Name the ones that you mean with devices.")
    return there[:count]


def _names(value: Any) -> tuple[str, ...]:
    """Devices as a list or a text with commas, each once."""
    words = value.split(",") if isinstance(value, str) else value if isinstance(value, (list, tuple)) else [value]
    names = [str(word).strip() for word in words if not isinstance(word, str) or word.strip()]
    for place, name in enumerate(names):
        if _DEVICE.match(name) is None:
            hint = "Name them as CUDA_VISIBLE_DEVICES does: 0,1 or GPU-8f2c...,GPU-41ab..."
            raise _refused("devices", f"{name[:80]!r} is no device's number or UUID", hint)
        if name in names[:place]:
            raise _refused("devices", f"{name!r} is named twice", "Each can be given to one job at a time.")
    return tuple(names)


def _rules(pool: Pool, values: Mapping[str, Any]) -> Pool:
    """The pool with its policy, and what belongs to it."""
    if "policy" in values:
        pool = replace(pool, policy=_one_of(values, "policy", get_args(PolicyName)))
    if "victim" in values:
        pool = replace(pool, victim=_one_of(values, "victim", get_args(VictimRule)))
    if "preemption" in values:
        pool = replace(pool, preemption=_yes(values, "preemption"))
    if "aging" in values:
        pool = replace(pool, aging=_aging(values["aging"]))
    if "is_default" in values:
        wanted = _yes(values, "is_default")
        if pool.is_default and not wanted:
            raise _refused("default", "one pool must be where jobs go that name none", "Make another one the default.")
        pool = replace(pool, is_default=wanted)
    return pool


def _aging(value: Any) -> float | None:
    if value in ("off", 0, False):
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise _refused("aging", f"{value!r} is not a duration", "Write e.g. 30m, 2h, or off.")
    seconds = quantities.duration(value, key="aging")
    if 0 < seconds < 1:
        raise _refused("aging", f"{value} is too short", "A waiting job gets one priority better after each such span.")
    return seconds or None


def _memory(value: Any) -> int | None:
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        raise _refused("memory", f"{value!r} is not a size", "Write bytes, or e.g. 500MB, 64G, 64GiB.")
    found = None if value in (0, "0") else quantities.size(value, key="memory")
    if found is not None and found > MEMORY_MOST:
        raise _refused("memory", f"{str(value)[:40]} is more than any pool has")
    return found


def _whole(values: Mapping[str, Any], key: str) -> int:
    value = values[key]
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _MOST:
        raise _refused(key, f"it must be a whole number from 0 to {_MOST}, not {value!r}")
    return value


def _number(values: Mapping[str, Any], key: str) -> float:
    value = values[key]
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= _MOST:
        raise _refused(key, f"it must be a number from 0 to {_MOST}, not {value!r}")
    return float(value)


def _mapping(value: Any) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise _refused("options", f"it must be a mapping, not {value!r}")
    return dict(value)


def _yes(values: Mapping[str, Any], key: str) -> bool:
    value = values[key]
    if value not in (True, False, "on", "off"):
        raise _refused(key, f"it must be on or off, not {value!r}")
    return value in (True, "on")


def _text(values: Mapping[str, Any], key: str) -> str | None:
    value = values.get(key)
    if value is not None and not isinstance(value, str):
        raise _refused(key, f"it must be a text, not {value!r}")
    return value


def _one_of(values: Mapping[str, Any], key: str, names: Collection[str]) -> Any:
    value = (_text(values, key) or "").replace("-", "_")
    if value not in names:
        close = near_miss(value, names)
        hint = f"Did you mean {close.replace('_', '-')!r}?" if close else None
        listed = " or ".join(name.replace("_", "-") for name in names)
        raise _refused(key, f"there is no {values[key]!r}; it is {listed}", hint)
    return value


def _refused(key: str, words: str, hint: str | None = None) -> InvalidSpec:
    key = next((written for written, name in _WRITTEN.items() if name == key), key)
    return InvalidSpec(f"{key}: {words}.", hint=hint, errors=[Problem(f"{words}.", key=key, hint=hint)])
