"""The chains."""
