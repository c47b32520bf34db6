"""Made-up days of a queue, played on the real tick in virtual time; after each tick the laws are looked at.

``draw`` makes a story from a seed: pools, jobs with what their code will do, and what people do, each at its
moment. ``play`` plays it with the real Ticker and a real store; ``laws`` says what must hold, by the record that the
player keeps itself. The same seed gives the same schedule, so a fault can be played again and made smaller
(``reduce``): ``python -m tests.dispatch.simulation --seed N``.
"""
