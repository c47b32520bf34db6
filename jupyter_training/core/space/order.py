"""Which name comes after which, because its condition names the other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from jupyter_training.core.expression import condition
from jupyter_training.core.expression.text import refused, shown
from jupyter_training.core.space.domains import Domain

__all__ = ["check", "named_in", "sequence", "together"]

MOST_NAMES = 1_000
MOST_NAMED = 100  # in conditions


def check(domains: Mapping[str, Domain]) -> None:
    """Raises InvalidSpec where a condition names nothing, or names wait for each other in a circle."""
    if len(domains) > MOST_NAMES:
        raise refused(f"it has {len(domains)} names; at most {MOST_NAMES} are searched")
    watched = {other for name in domains for other in named_in(domains[name])}
    if len(watched) > MOST_NAMED:
        raise refused(f"its conditions name {len(watched)} axes; at most {MOST_NAMED} can be named")
    for name, domain in domains.items():
        for other in named_in(domain):
            if other not in domains:
                raise refused(f"its condition names {shown(other)}, and there is no such name", key=name)
    placed = set(sequence(domains, domains))
    stuck = next((name for name in domains if name not in placed), None)
    if stuck is not None:
        circle = _circle(stuck, domains)
        way = " hangs on ".join([*circle, circle[0]])
        raise refused(f"its condition leads back to itself: {way}", key=circle[0])


def named_in(domain: Domain) -> tuple[str, ...]:
    """The names in its condition, each once."""
    if domain.when is None:
        return ()
    return tuple(dict.fromkeys(one.name for one in condition.compared(domain.when)))


def sequence(domains: Mapping[str, Domain], names: Iterable[str]) -> tuple[str, ...]:
    """The names in this order, but each after those that its condition names. What is in a circle is left out."""
    waiting = list(names)
    if all(domains[name].when is None for name in waiting):
        return tuple(waiting)
    found: dict[str, None] = {}
    while waiting:
        free = next((name for name in waiting if all(other in found for other in named_in(domains[name]))), None)
        if free is None:
            break
        found[free] = None
        waiting.remove(free)
    return tuple(found)


def together(domains: Mapping[str, Domain], names: Sequence[str]) -> list[list[str]]:
    """The names in groups that no condition links with each other, each in the order given."""
    group = {name: [name] for name in names}
    for name in names:
        for other in named_in(domains[name]):
            if group[other] is not group[name]:
                smaller, larger = sorted((group[other], group[name]), key=len)
                larger += smaller
                group |= dict.fromkeys(smaller, larger)
    place = {name: at for at, name in enumerate(names)}
    return [sorted(one, key=place.__getitem__) for one in {id(one): one for one in group.values()}.values()]


def _circle(start: str, domains: Mapping[str, Domain]) -> list[str]:
    """The names of a circle that is reached from a name which can't be placed."""
    placed = set(sequence(domains, domains))
    way = [start]
    while True:
        following = next(other for other in named_in(domains[way[-1]]) if other not in placed)
        if following in way:
            return way[way.index(following) :]
        way.append(following)
