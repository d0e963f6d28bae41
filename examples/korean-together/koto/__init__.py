"""Korean Together's traffic, made up: `generate_traffic` says what happened, `fill_database` writes it down.

Everything that is random takes a seed, everything that is dated takes an end: the same two give the same rows.
"""
