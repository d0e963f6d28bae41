-- What a check or a backtest needs beyond the application's own indexes: a question about any past moment must
-- touch only the rows of its own window.

-- "Which sessions were open between a and b?" An ordered index on either end would read half the table.
CREATE INDEX learning_sessions_open ON learning_sessions USING gist (tsrange(started_at, ended_at));

CREATE INDEX websocket_sessions_ended ON websocket_sessions (ended_at) INCLUDE (end_reason);
