"""What a pool has left while a plan is made: free now, and promised by attempts that are being stopped.

    open     what nobody holds and nobody waits for with a reservation; devices are
             shared by the pools of a backend
    leaving  what attempts of this pool that are being stopped hold, not reserved yet

Who waits for a promise reserves what is open first, and then what is leaving. So
nobody takes a slot that is kept for somebody ahead, and another plan, made while
they leave, comes to the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from jupyter_training.core.policy.nouns import ActiveAttempt
from jupyter_training.core.resources import Allocation, Need, Pool

__all__ = ["Amounts", "Room", "Short", "could_fit"]

_THOUSAND = 1000
_NO_END = 1 << 62  # of what a pool does not tell


def could_fit(pool: Pool, need: Need) -> bool:
    """Whether the pool, when it is empty, has room for it."""
    return need.gpus <= len(pool.devices) and Amounts.of_pool(pool).hold(Amounts.of(need))


@dataclass
class Amounts:
    """Slots, thousandths of CPUs, bytes: whole numbers, which can be added and taken away for ever."""

    slots: int = 0
    cpus: int = 0
    memory: int = 0

    @classmethod
    def of(cls, need: Need) -> Amounts:
        return cls(need.slots, round(need.cpus * _THOUSAND), need.memory)

    @classmethod
    def of_attempt(cls, attempt: ActiveAttempt) -> Amounts:
        return cls(attempt.allocation.slots, round(attempt.cpus * _THOUSAND), attempt.memory)

    @classmethod
    def of_pool(cls, pool: Pool) -> Amounts:
        cpus = _NO_END if pool.cpus is None else round(pool.cpus * _THOUSAND)
        return cls(pool.slots, cpus, _NO_END if pool.memory is None else pool.memory)

    def add(self, other: Amounts) -> None:
        self.slots += other.slots
        self.cpus += other.cpus
        self.memory += other.memory

    def take(self, other: Amounts) -> None:
        self.slots -= other.slots
        self.cpus -= other.cpus
        self.memory -= other.memory

    def at_most(self, other: Amounts) -> Amounts:
        """As much of this as there is of ``other``."""
        return Amounts(
            min(self.slots, max(0, other.slots)),
            min(self.cpus, max(0, other.cpus)),
            min(self.memory, max(0, other.memory)),
        )

    def hold(self, other: Amounts) -> bool:
        """Whether ``other`` is there. What it does not ask for may be overdrawn."""
        return (
            (not other.slots or other.slots <= self.slots)
            and (not other.cpus or other.cpus <= self.cpus)
            and (not other.memory or other.memory <= self.memory)
        )


@dataclass(frozen=True)
class Short:
    """What lacks, in each kind; 0 where nothing does."""

    slots: int
    gpus: int
    cpus: int
    memory: int

    def is_covered(self, slots: int, gpus: int, cpus: int, memory: int) -> bool:
        return slots >= self.slots and gpus >= self.gpus and cpus >= self.cpus and memory >= self.memory


class Room:
    """One pool's, during one plan."""

    def __init__(self, pool: Pool, used: Amounts, open_devices: set[str]) -> None:
        self.pool = pool
        self._open = Amounts.of_pool(pool)
        self._open.take(used)
        self._leaving = Amounts()
        self._reserved = Amounts()
        self._open_devices = open_devices
        self._leaving_devices: list[str] = []

    @property
    def free(self) -> Need:
        """What nobody holds, be it kept for somebody or not; devices those that are not kept."""
        slots, cpus, memory = (
            self._open.slots + self._reserved.slots,
            self._open.cpus + self._reserved.cpus,
            self._open.memory + self._reserved.memory,
        )
        return Need(slots, len(self._devices()), cpus / _THOUSAND, memory)

    def fits_now(self, need: Need) -> bool:
        """Whether it can start, and what is reserved stays so."""
        if not self._open.hold(Amounts.of(need)):
            return False
        return not need.gpus or need.gpus <= len(self._devices())

    def fits_soon(self, need: Need) -> bool:
        """Whether it can start once those that are being stopped have ended."""
        return self.short(need).is_covered(0, 0, 0, 0)

    def short(self, need: Need) -> Short:
        """What lacks to reserve it."""
        amounts = Amounts.of(need)
        one, other = self._open, self._leaving
        gpus = need.gpus - len(self._devices()) - len(self._leaving_devices) if need.gpus else 0
        return Short(
            slots=max(0, amounts.slots - one.slots - other.slots) if amounts.slots else 0,
            gpus=max(0, gpus),
            cpus=max(0, amounts.cpus - one.cpus - other.cpus) if amounts.cpus else 0,
            memory=max(0, amounts.memory - one.memory - other.memory) if amounts.memory else 0,
        )

    def take(self, need: Need) -> Allocation:
        """Give it out. The devices come in the order in which the pool tells them."""
        self._open.take(Amounts.of(need))
        devices = tuple(self._devices()[: need.gpus]) if need.gpus else ()
        self._open_devices.difference_update(devices)
        return Allocation(self.pool.name, need.slots, devices)

    def promise(self, attempts: Iterable[ActiveAttempt]) -> None:
        """These attempts are being stopped."""
        for attempt in attempts:
            self._leaving.add(Amounts.of_attempt(attempt))
            self._leaving_devices += self.helpful(attempt)

    def reserve(self, need: Need) -> None:
        """Keep it for a job that waits for it; ``fits_soon`` has said that there is enough."""
        amounts = Amounts.of(need)
        from_open = amounts.at_most(self._open)
        self._open.take(from_open)
        self._reserved.add(from_open)
        amounts.take(from_open)
        self._leaving.take(amounts)
        if need.gpus:
            devices = self._devices()[: need.gpus]
            self._open_devices.difference_update(devices)
            del self._leaving_devices[: need.gpus - len(devices)]

    def helpful(self, attempt: ActiveAttempt) -> list[str]:
        """The devices of an attempt that this pool could give to somebody else."""
        return [device for device in attempt.allocation.devices if device in self.pool.devices]

    def _devices(self) -> list[str]:
        return [device for device in self.pool.devices if device in self._open_devices]
