"""Built-in environments. Each resolves a wish into an interpreter, a folder and variables."""
