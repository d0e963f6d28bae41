"""How much a system carries and costs: demand, scaling law, queueing and pools; later right-sizing and cost.

Pure arithmetic over stated assumptions. Every number comes with the formula that gave it and the source of that
formula, so that a reader can follow it, doubt it and put another assumption in.
"""
