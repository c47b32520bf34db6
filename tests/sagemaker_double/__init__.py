"""A SageMaker of our own to test against: moto for what is around training jobs, ours for the jobs themselves.

It runs in a process and an environment of its own; what it runs are real containers as far as a laptop has them.
Product code knows nothing of it: the one setting is the endpoint's address. Start with README.md, then `server.py`.
This module and `fixture.py` are imported in both environments and must need nothing but the standard library.
"""
