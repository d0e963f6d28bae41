-- What the session's role may do besides reading; every list is short, for a sentence.
SELECT
    current_setting('server_version')                             AS version,
    current_user                                                  AS role,
    role.rolsuper                                                 AS is_superuser,
    pg_has_role(current_user, 'pg_read_all_stats', 'usage')       AS sees_other_sessions,
    role.rolcreatedb OR role.rolcreaterole                        AS creates_databases_or_roles,
    ARRAY(
        SELECT format('%I.%I', schema.nspname, relation.relname)
        FROM pg_class AS relation
        JOIN pg_namespace AS schema ON schema.oid = relation.relnamespace
        WHERE relation.relkind IN ('r', 'p', 'v', 'f')
          AND schema.nspname NOT IN ('pg_catalog', 'information_schema')
          AND schema.nspname NOT LIKE 'pg\_toast%'
          AND schema.nspname NOT LIKE 'pg\_temp%'
          AND has_table_privilege(relation.oid, 'INSERT, UPDATE, DELETE, TRUNCATE')
        ORDER BY 1
        LIMIT 4
    )                                                             AS writable_tables,
    ARRAY(
        SELECT schema.nspname::text
        FROM pg_namespace AS schema
        WHERE schema.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
          AND schema.nspname NOT LIKE 'pg\_temp%'
          AND schema.nspname NOT LIKE 'pg\_toast%'
          AND has_schema_privilege(schema.oid, 'CREATE')
        ORDER BY 1
        LIMIT 4
    )                                                             AS creatable_schemas
FROM pg_roles AS role
WHERE role.rolname = current_user
