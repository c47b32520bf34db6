"""Use cases: one verb per function, over a ``Site``.

Everything that REST, the command line and Python can do stands in ``api.py``,
one table from which the server's routes, the OpenAPI document and the
in-process client are made. Must not know: HTTP, Jupyter, who calls; of dispatch
only how to make sure that it is alive. Start reading at ``site`` and ``api``.
"""
