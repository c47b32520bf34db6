"""Rules by which our own searchers judge trials against each other: rungs, brackets, promotion.

Losses go in, smaller is better, and a NaN is as bad as can be; what comes out is who goes on.
Start reading at ``rungs``. Must not know: configurations, jobs, libraries.
"""
