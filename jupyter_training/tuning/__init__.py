"""Drives searches: asks a searcher, submits its trials as jobs, tells it what they report. See README.md."""
