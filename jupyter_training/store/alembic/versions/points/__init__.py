"""Revisions of the points' database."""
