"""The updaters by name, and the spaces that a search with one of them begins with. Standard library only.

A space is a mapping from name to a constant or to an expression of the one
grammar. An updater is what brings a model up to date with new data. Its name is a
hyperparameter, and that of a plug-in (entry points ``jupyter_training.updaters``
in the job's environment); none is built in.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from jupyter_training.errors import InvalidSpec, Problem, near_miss

__all__ = ["OPTIONS", "SPACES", "UPDATERS", "check_updater", "space_of", "updater_named"]

UPDATERS = (
    "ER", "DER", "POD-ER", "CLS-ER", "Super-ER", "Offline-ER", "RD", "GDumb", "Joint", "FineTuning",
    "LearningToPrompt", "LearningToPromptReplay", "SPeft",
    "Avalanche-ER", "Avalanche-EWC", "Avalanche-LwF", "Avalanche-iCaRL",
)  # fmt: skip

_COMMON: Mapping[str, object] = {
    "optimizer": "SGD",
    "momentum": "choice(0.0, 0.9, 0.99)",
    "weight_decay": "loguniform(1e-6, 1e-2)",
    "learning_rate": "loguniform(0.001, 0.5)",
    "batch_size": 64,
    "max_epochs": 50,
}
_REPLAY = {**_COMMON, "batch_memory_frac": 0.5, "memory_size": 1000}

SPACES: Mapping[str, Mapping[str, object]] = {
    "ER": {**_REPLAY, "alpha": 0.5, "loss_normalization": 0, "loss_weight": 0.5},
    "DER": {**_REPLAY, "alpha": "uniform(0.0, 1.0)", "beta": "uniform(0.0, 1.0)", "loss_weight": 1.0},
    "Super-ER": {
        **_REPLAY,
        "der_alpha": "uniform(0.0, 1.0)",
        "der_beta": "uniform(0.0, 1.0)",
        "sp_shrink_factor": "finrange(0.3, 1.0, 8)",
        "sp_sigma": "choice(0.0, 1e-5, 1e-4, 1e-3, 1e-2)",
        "cls_alpha": "finrange(0.0, 1.0, 21)",
        "cls_stable_model_update_weight": 0.999,
        "cls_plastic_model_update_weight": 0.999,
        "cls_stable_model_update_probability": "uniform(0.01, 0.49)",
        "cls_plastic_model_update_probability": "uniform(0.5, 1.0)",
        "ema_memory_update_gamma": "uniform(0.95, 1.0)",
    },
    "Offline-ER": {**_REPLAY, "loss_weight_new_data": "choice(0.25, 0.5, 0.75)"},
    "RD": dict(_REPLAY),
}

# Of a training in general and of the updaters above: names that a plug-in takes and that no function has to declare.
OPTIONS = frozenset(name for space in SPACES.values() for name in space) | {
    "early_stopping", "ewc_lambda", "temperature",
}  # fmt: skip


def space_of(name: str) -> dict[str, object]:
    """A copy of an updater's default space.

    Raises:
        InvalidSpec: there is none of that name; with those there are.
    """
    found = _meant(name, SPACES)
    if found is not None:
        return dict(SPACES[found])
    there = f"Default spaces: {', '.join(SPACES)}."
    if _meant(name, UPDATERS) is not None:
        words = f"the updater {name} has no default space"
        hint = f"{there} Copy the nearest one and change it."
    else:
        close = _near(name, SPACES)
        words = f"there is no updater {name!r}"
        hint = f"Did you mean {close!r}? {there}" if close else there
    raise InvalidSpec(f"config_space: {words}.", hint=hint, errors=[Problem(words, key="updater", hint=hint)])


def updater_named(name: str, *, plug_ins: Collection[str] = ()) -> str | None:
    """An updater's name as it is written here; None where there is none of that name."""
    return name if name in plug_ins else _meant(name, UPDATERS)


def check_updater(name: str, *, plug_ins: Collection[str] = ()) -> str:
    """The same, where it has to be one.

    Raises:
        InvalidSpec: with the near miss and all that there are.
    """
    found = updater_named(name, plug_ins=plug_ins)
    if found is not None:
        return found
    known = [*UPDATERS, *sorted(plug_ins)]
    close = _near(name, known)
    words = f"there is no updater {name!r}; there is: {', '.join(known)}"
    hint = f"Did you mean {close!r}?" if close else "A plug-in adds one: entry points jupyter_training.updaters."
    raise InvalidSpec(f"updater: {words}.", hint=hint, errors=[Problem(words, key="updater", hint=hint)])


def _meant(name: str, known: Collection[str]) -> str | None:
    """Upper and lower case, dashes and underscores make no difference."""
    by_letters = {_letters(one): one for one in known}
    return by_letters.get(_letters(name))


def _near(name: str, known: Collection[str]) -> str | None:
    by_letters = {_letters(one): one for one in known}
    close = near_miss(_letters(name), by_letters)
    return by_letters[close] if close else None


def _letters(name: str) -> str:
    return "".join(sign for sign in name.lower() if sign.isalnum())
