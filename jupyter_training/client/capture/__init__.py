"""What code uses of the place it was written in, so that it can run elsewhere.

    names     which names a piece of code takes from around it
    cells     where a live function or class was written: by its code object
    roots     the folders that modules come from
    values    small values as Python text, and words for what can't be written
    found     imports, values and definitions by name, in an order that runs, as one file
    engine    follows the names through a namespace

The namespace is a kernel's or ``__main__``'s. What is alive in it counts, not
the order of the cells. Knows nothing of magics, servers and requests. Start
with ``engine``.
"""
