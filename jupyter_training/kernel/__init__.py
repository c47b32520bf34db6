"""The cell: ``%%train`` and ``%train`` inside a person's kernel.

On the light side: IPython and the standard library only, so that it works in a
bare environment; what needs a server goes through ``jupyter_training.client``.
Must not know: the store, the dispatcher, backends, pydantic, YAML.

Start reading at ``magics``, then follow ``%%train`` through ``train``: ``arguments``
reads its line against ``commands`` (one table of options and verbs, from which
help and completion come too), ``wish`` lays it over a config, ``body`` says what
the code has, ``capture`` and ``take`` what comes along with it, ``request`` makes
what is sent and ``card`` what is shown. ``drawer`` draws cards on after their cell
is done. ``verbs`` is ``%train``.
"""
