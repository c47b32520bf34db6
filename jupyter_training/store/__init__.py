"""The one place that knows the database: rows in, frozen records out.

For: wishes (``wishes``), facts (``facts``, guarded by the dispatcher's
``lease``), what readers see (``views``, ``listing``, ``find``), curves
(``points``), the mirror's memory (``record``) and the house-keeping (``upkeep``).
Must not know: backends, HTTP, Jupyter, MLflow, how a plan is made.

Start with ``README.md`` beside this file, then ``engine`` (how it is opened,
read and written), ``tables``, and ``wishes`` as the shortest of the verbs.
"""
