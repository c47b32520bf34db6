"""What a pool has left while a plan is made: free now, and promised by attempts that are being stopped.

    free    what nobody holds
    left    free and promised, less what is reserved for jobs that wait for it
    open    devices that nobody holds and that are reserved for nobody; pools of
            one backend share them
    leaving devices of this pool's attempts that are being stopped, not reserved yet

A promise counts once: who reserves it takes it away from ``left``. Free devices
are reserved before leaving ones, so that another plan, made while they leave,
gives the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from jupyter_training.core.policy.nouns import ActiveAttempt
from jupyter_training.core.resources import Allocation, Need, Pool

__all__ = ["Amounts", "Room", "Short"]

_THOUSAND = 1000
_NO_END = 1 << 62  # of what a pool does not tell


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
        self.all = Amounts.of_pool(pool)
        self.free = Amounts.of_pool(pool)
        self.free.take(used)
        self.left = Amounts(self.free.slots, self.free.cpus, self.free.memory)
        self.leaving: list[str] = []
        self._open = open_devices

    def ever_fits(self, need: Need) -> bool:
        """Whether the pool, when it is empty, has room for it."""
        return need.gpus <= len(self.pool.devices) and self.all.hold(Amounts.of(need))

    def fits_now(self, need: Need) -> bool:
        """Whether it can start, and what is reserved stays so."""
        amounts = Amounts.of(need)
        if not (self.free.hold(amounts) and self.left.hold(amounts)):
            return False
        return not need.gpus or need.gpus <= len(self.open_devices())

    def fits_soon(self, need: Need) -> bool:
        """Whether it can start once those that are being stopped have ended."""
        return self.short(need).is_covered(0, 0, 0, 0)

    def short(self, need: Need) -> Short:
        """What lacks to reserve it."""
        amounts = Amounts.of(need)
        gpus = need.gpus - len(self.open_devices()) - len(self.leaving) if need.gpus else 0
        return Short(
            slots=max(0, amounts.slots - self.left.slots) if amounts.slots else 0,
            gpus=max(0, gpus),
            cpus=max(0, amounts.cpus - self.left.cpus) if amounts.cpus else 0,
            memory=max(0, amounts.memory - self.left.memory) if amounts.memory else 0,
        )

    def take(self, need: Need) -> Allocation:
        """Give it out. The devices come in the order in which the pool tells them."""
        amounts = Amounts.of(need)
        self.free.take(amounts)
        self.left.take(amounts)
        devices = tuple(self.open_devices()[: need.gpus]) if need.gpus else ()
        self._open.difference_update(devices)
        return Allocation(self.pool.name, need.slots, devices)

    def promise(self, attempts: Iterable[ActiveAttempt]) -> None:
        """These attempts are being stopped."""
        for attempt in attempts:
            self.left.add(Amounts.of_attempt(attempt))
            self.leaving += self.helpful(attempt)

    def reserve(self, need: Need) -> None:
        """Keep it for a job that waits for it; ``fits_soon`` has said that there is enough."""
        self.left.take(Amounts.of(need))
        if need.gpus:
            devices = self.open_devices()[: need.gpus]
            self._open.difference_update(devices)
            del self.leaving[: need.gpus - len(devices)]

    def helpful(self, attempt: ActiveAttempt) -> list[str]:
        """The devices of an attempt that this pool could give to somebody else."""
        return [device for device in attempt.allocation.devices if device in self.pool.devices]

    def open_devices(self) -> list[str]:
        return [device for device in self.pool.devices if device in self._open]
