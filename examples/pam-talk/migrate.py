"""Move the market from its SQLite file to PostgreSQL, and add the indexes.

python migrate.py market.sqlite postgresql://...
"""

import argparse
import asyncio
import sys
from pathlib import Path

import asyncpg
from pamtalk.move import MoveError, move


def main() -> int:
    """Run the command line; the exit code is 0, or 1 with the reason on stderr."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("database", type=Path, help="the SQLite file")
    parser.add_argument("database_url", help="an empty PostgreSQL database, and a role that may make tables")
    options = parser.parse_args()
    if not options.database.exists():
        print(f"migrate.py: no file {options.database}; make it with generate.py", file=sys.stderr)
        return 1
    try:
        for table, rows in asyncio.run(move(options.database, options.database_url)).items():
            print(f"{table}: {rows:,} rows")
    except (MoveError, OSError, asyncpg.PostgresError) as error:
        print(f"migrate.py: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
