"""Built-in launchers. Each turns an entry point and an allocation into a command line; pure."""
