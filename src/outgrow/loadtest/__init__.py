"""The load generator: arrivals come when they are due, whatever the server does, and each is accounted for once.

`schedule` and `histogram` are mathematics without a clock; `engine` keeps the time, `http1` speaks to the server,
`record` counts what became of every arrival. Results are `outgrow.facts.loads`. The generator watches itself: what it
measured while it could not keep up is said of the generator, not of the server.
"""
