"""The public kit for tests: a clock one owns, a backend that follows a script, builders, contract suites.

For our own tests and for whoever writes a plug-in. Must not know: the store,
the dispatcher, anything but seams and core.
"""
