-- Every table that may be read, with the columns that can tell a time or a latency, as JSON: one row a table.
SELECT
    schema.nspname                                                AS schema,
    relation.relname                                              AS name,
    greatest(
        relation.reltuples,
        coalesce(pg_stat_get_live_tuples(relation.oid), 0),
        (SELECT coalesce(sum(greatest(part.reltuples, 0)), 0)
         FROM pg_inherits JOIN pg_class AS part ON part.oid = pg_inherits.inhrelid
         WHERE pg_inherits.inhparent = relation.oid),
        0
    )::bigint                                                     AS rows,
    json_agg(json_build_object(
        'name', attribute.attname,
        'type', CASE
            WHEN type.typname = 'timestamptz' THEN 'time'
            WHEN type.typname = 'timestamp' THEN 'zoneless time'
            WHEN type.typname = 'interval' THEN 'interval'
            WHEN type.typcategory = 'N' AND type.typname NOT IN ('money', 'oid') THEN 'number'
            ELSE 'other'
        END,
        'leads_index', EXISTS (
            SELECT FROM pg_index AS index
            WHERE index.indrelid = relation.oid AND index.indkey[0] = attribute.attnum AND index.indisvalid
        )
    ) ORDER BY attribute.attnum)                                  AS columns
FROM pg_class AS relation
JOIN pg_namespace AS schema ON schema.oid = relation.relnamespace
JOIN pg_attribute AS attribute ON attribute.attrelid = relation.oid
JOIN pg_type AS type ON type.oid = attribute.atttypid
WHERE relation.relkind IN ('r', 'p', 'm', 'f')
  AND NOT relation.relispartition
  AND attribute.attnum > 0
  AND NOT attribute.attisdropped
  AND schema.nspname NOT IN ('pg_catalog', 'information_schema')
  AND schema.nspname NOT LIKE 'pg\_%'
  AND schema.nspname NOT LIKE '\_timescaledb%'
  AND has_schema_privilege(schema.oid, 'USAGE')
  AND has_column_privilege(relation.oid, attribute.attnum, 'SELECT')
GROUP BY schema.nspname, relation.oid, relation.relname, relation.reltuples
ORDER BY schema.nspname, relation.relname
