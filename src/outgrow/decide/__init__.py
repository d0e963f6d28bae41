"""Conclusions: from samples and a plan to verdicts, forecasts and what would change them.

Everything here is a function of its arguments. Time is one of them, state is handed in and handed back, and missing
data is never read as "fine". The same samples and the same plan give the same verdict, today and in a replay.
"""
