"""The budgets of the design, measured. `make bench`, or `python -m tests.benchmarks [NAME ...]`.

Each ``bench_*.py`` has a ``measure()`` that gives rows (``Row``). A figure on a
machine of unknown speed says little, so every row has a baseline that was
measured in the same run, and its budget is judged by the ratio wherever that
makes sense. Figures are medians of several rounds, taken in turn with their baseline.
"""
