"""Acting: one adapter per kind of run target that starts and stops replicas, and what spreads requests over them.

What adapters share stands in modules that begin with an underscore: the life of replicas that outgrow keeps itself
(`_fleet`), what of it outlives the process (`_fleet_state`), readiness (`_probe`), HTTP (`_http`).
"""
