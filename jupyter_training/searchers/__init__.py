"""What proposes configurations: Syne Tune's and Optuna's algorithms behind our ask and tell, and our own.

Start reading in ``catalogue``: every name, what it is good for, and what it
needs. Must not know jobs, the store, or who drives it: a searcher sees a space,
numbers of trials, and what they report. The libraries are imported only when a
searcher is made, since they take a second and much memory.
"""
