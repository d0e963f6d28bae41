-- The role that measures: it reads and nothing else. A password is set by whoever runs this (\password outgrow_reader).
-- pg_monitor lets it see what other sessions run; without it pg_stat_activity hides their state and their queries.

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'outgrow_reader') THEN
        CREATE ROLE outgrow_reader LOGIN CONNECTION LIMIT 20;
    END IF;
END
$$;

ALTER ROLE outgrow_reader SET default_transaction_read_only = on;
GRANT pg_monitor TO outgrow_reader;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO outgrow_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO outgrow_reader;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO outgrow_reader;
