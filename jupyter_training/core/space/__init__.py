"""The space of a search: names and what their values may be. Pure; text, YAML, Python and JSON end in one model.

``SearchSpace`` is read from what a person wrote and asked for samples, grids, sizes and words. Start reading at
``domains`` (the five kinds), then ``space``. ``functions`` and ``hydra`` say what each call of the grammar means,
``typed`` reads Determined's mappings. Must not know: searchers, libraries, YAML, the store. README.md has the
grammar on one page.
"""

from jupyter_training.core.space.domains import Choice, Const, Domain, Float, Int, Ordinal
from jupyter_training.core.space.mapping import may_vary, nested
from jupyter_training.core.space.reading import domain_of_text, is_expression, unquoted
from jupyter_training.core.space.space import SearchSpace
from jupyter_training.core.space.words import words
from jupyter_training.core.space.written import expression

__all__ = [
    "Choice",
    "Const",
    "Domain",
    "Float",
    "Int",
    "Ordinal",
    "SearchSpace",
    "domain_of_text",
    "expression",
    "is_expression",
    "may_vary",
    "nested",
    "unquoted",
    "words",
]
