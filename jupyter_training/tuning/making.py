"""The searcher of an experiment, as its spec says."""

from __future__ import annotations

from jupyter_training.core.experiment import Experiment
from jupyter_training.core.space import SearchSpace
from jupyter_training.seams import registry
from jupyter_training.seams.searcher import Searcher, SearcherFactory, Setup
from jupyter_training.tuning.engine import Make

__all__ = ["making"]


def making(experiment: Experiment) -> Make:
    """What makes it anew, as often as wished. It proposes the same each time.

    Raises:
        UnknownPlugin, InvalidSpec: what was there at the submit is gone.
    """
    spec = experiment.spec
    factory: SearcherFactory = registry.load("searchers", spec.searcher)
    options = factory.Options.model_validate(spec.options)
    setup = Setup(
        space=SearchSpace.from_json(spec.space),
        objective=spec.objective,
        seed=spec.seed,
        workers=spec.workers,
        max_resource=spec.max_resource,
        max_trials=spec.stop.max_trials_started or spec.stop.max_trials_finished,
        earlier=spec.earlier,
    )

    def make() -> Searcher:
        return factory(setup, options)

    return make
