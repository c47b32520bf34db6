"""The only way to our services: for the magics, the command line, notebooks and programs.

A ``Client`` sends requests over a transport and gives plain dicts in the shapes
of ``schema.py``; a ``Handle`` is one job, for people. All of it but ``local`` is
on the light side (standard library only), so that a bare kernel environment has
it. Must not know: the store, the dispatcher, HTTP frameworks, who calls.

Start reading at ``client``; ``discover`` says which server is spoken to,
``http`` and ``local`` are the two transports, ``target`` and what it imports
(``imports``, ``functions``, ``environment``, ``interpreter``) make code ready
to travel; ``capture`` follows what code uses of the place it was written in.
"""
