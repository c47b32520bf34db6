"""The cell: ``%%train`` and ``%train`` inside a person's kernel.

On the light side: IPython and the standard library only, so that it works in a
bare environment; what needs a server goes through ``jupyter_training.client``.
Must not know: the store, the dispatcher, backends, pydantic, YAML.

Start reading at ``magics`` (the two magics), then ``arguments`` (one table of
options and verbs, from which parsing, help and completion come), ``body``
(what a cell's code says before it runs), ``request`` (what is sent) and
``card`` (what is shown). ``drawer`` draws cards on after their cell is done.
"""
