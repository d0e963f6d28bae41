"""Real servers for tests: each on its own free port, in its own temporary folder, ended by its own process id.

`fixtures.py` lists what a test may ask for. A server that cannot be had here raises `ServerUnavailable`, which
the fixtures turn into a skip that says why (and `OUTGROW_NO_SKIP=1` turns into a failure).
"""
