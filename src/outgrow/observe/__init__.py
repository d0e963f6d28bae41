"""One file per kind of source: a declaration goes in, samples come out.

Every adapter fulfils `outgrow.ports.SignalSource`. Its constructor is cheap and touches nothing: a source is connected
when it is first asked. Every read is bounded in time and raises `SourceError` with the failure told apart and a remedy;
what a source has no value for is a `Missing` with its reason, never zero. Adapters are strangers to one another; what
several of them share begins with an underscore. Only `outgrow.wiring` imports from here.
"""
