"""Order only, no arithmetic: what is asked when, of whom, and where the answers go.

Measuring, checking, backtesting and inspecting are sequences over ports and pure deciders; every number is worked out
in the rooms below.
"""
