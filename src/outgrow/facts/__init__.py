"""What was measured or concluded: frozen, plain, and free of any opinion on how it came about.

Samples are what sources gave; verdicts and forecasts are what the deciders made of them; decisions are what the
journal keeps so that each conclusion can be shown, explained and repeated later.
"""
