"""The places where another implementation may stand: protocols and their registry.

Plug-ins are found by entry points in the groups ``jupyter_training.<seam>``;
the built-in ones are named in ``registry``. Must not know: the store, HTTP, who
calls. Start reading at ``backend``.
"""
