-- Every column of every table of the database that may be read: one row a column.
SELECT
    tables.table_schema, tables.table_name, coalesce(tables.table_rows, 0), columns.column_name, columns.data_type,
    EXISTS (
        SELECT 1 FROM information_schema.statistics
        WHERE statistics.table_schema = tables.table_schema AND statistics.table_name = tables.table_name
          AND statistics.column_name = columns.column_name AND statistics.seq_in_index = 1
    )
FROM information_schema.tables
JOIN information_schema.columns USING (table_schema, table_name)
WHERE tables.table_schema = database() AND tables.table_type = 'BASE TABLE'
ORDER BY tables.table_name, columns.ordinal_position
