"""The Jupyter server extension, and the same API headless: REST, live changes, the record.

    app        traits, routes, start and stop
    desk       what the handlers of one server share: settings, the opened site, threads
    api        every operation of ``services.api.OPERATIONS`` over HTTP
    uploads    a body that is kept as it comes; ``waiting``: answers that come when there is news
    scripts    the two operations that need a folder and kernels: a script's parameters, and its submit
    changes    the WebSocket; ``feed`` is the one look at the change log behind all of them
    openapi    the document; ``docs`` shows it
    record     `mlflow server` on demand, ``proxy`` in front of it, ``keeper`` over its life
    discovery  the note by which other processes find this server
    serve      a server without JupyterLab, on a Unix socket

Nothing here decides anything: handlers read a request, ask a use case off the
event loop, and write its answer. Must not know: SQL, rows, the dispatcher's
work. What ``app`` imports at start-up is Jupyter's own and the standard library;
pydantic, SQLAlchemy and the services come with the first request.

Start reading at ``app`` and ``api``.
"""
