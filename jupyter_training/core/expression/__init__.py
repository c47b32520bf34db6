"""The one grammar in which a value, a domain of values and a condition are written. Pure; nothing is evaluated.

    loguniform(1e-4, 1e-1)    choice(sgd, adam) when depth > 2    tag(log, interval(1, 100))    32,64

A magic line, YAML and Python write the same texts. ``syntax`` reads a text into calls and values with their
columns; what a call means is said in ``core.space.functions``. ``condition`` is what follows a ``when``.
``text`` writes values so that they are read again as they were.
"""

from jupyter_training.core.expression.condition import Condition
from jupyter_training.core.expression.condition import parse as parse_condition
from jupyter_training.core.expression.syntax import Call, Expression, Listing, Node, Sweep, Table, Value, parse
from jupyter_training.core.expression.text import value_text

__all__ = [
    "Call",
    "Condition",
    "Expression",
    "Listing",
    "Node",
    "Sweep",
    "Table",
    "Value",
    "parse",
    "parse_condition",
    "value_text",
]
