"""What outgrow remembers: samples, roll-ups, daily levels, decisions and events, append-only.

The room's promise, kept by each adapter (`sqlite`, `postgres`, `memory`) and tested by one suite over the three:

- What a call has acknowledged is committed. Killing the writer at any moment loses none of it and harms nothing else.
- One call is one transaction: all of it is kept, or nothing.
- The first write of a sample wins; writing anything again changes nothing.
- Several processes may write and compact at once; each migrates the schema on opening, whichever comes first.
- Retention keeps the size bounded: samples become five-minute roll-ups, these hourly ones, and these are dropped.
  Nothing averages percentiles. Decisions and events are never dropped.
- Whatever goes wrong is one `JournalError` that says where, what and what next, and holds no secret.
"""
