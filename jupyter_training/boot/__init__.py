"""The first process of a container that a service starts for an attempt, and what it does before and after the code.

    read what the service says of the machine -> read the order -> unpack the code -> requirements
    -> an attempt's folder, as the dispatcher makes one -> supervisor -> the person's code
    log and events of that folder -> stdout, line by line -> end, exit, /opt/ml/output/failure

The attempt runs as a local one does, by the same supervisor and the same runtime;
this room gives it the folder that it knows, and carries what is written there
out of the container by the only way that there is, its standard output. It
knows the layout below ``/opt/ml`` and no service's interface, reaches nothing by
a network, and has the standard library only, Python 3.9 or newer.

Start reading at ``main``. ``records`` are the lines on stdout that a program reads, ``copying`` all
that is printed there, ``stopping`` what SIGTERM sets going.
"""

from __future__ import annotations

__all__: list[str] = []
