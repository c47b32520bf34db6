"""Nouns and rules, pure: no clock, disk, network, randomness or database.

``now`` and ``rng`` are arguments. Start reading at ``job`` (the nouns), then
``lifecycle`` (what may become what, and how each state is said) and ``policy``
(who runs next); ``forecast`` plays that forward; ``filter`` is what a person types above a list. Must not know:
the store, backends, HTTP, Jupyter.
"""
