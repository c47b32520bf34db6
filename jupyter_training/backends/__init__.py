"""Built-in backends: where attempts execute. Each knows its engine and never the store."""
