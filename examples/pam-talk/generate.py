"""Make up the market's SQLite file.

    python generate.py market.sqlite

The same --end, --seed and sizes give the same rows. User n is signed in by the cookie `session=demo-n`.
"""

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path

from pamtalk import sqlite_file
from pamtalk.made_up import Size, tables


def main() -> int:
    """Run the command line; the exit code is 0, or 1 with the reason on stderr."""
    options = _options()
    size = Size(int(options.end.timestamp()), options.users, options.farms, options.transactions, options.seed)
    try:
        for table, rows in sqlite_file.write(options.database, tables(size)).items():
            print(f"{table}: {rows:,} rows")
    except FileExistsError:
        print(f"generate.py: {options.database} is there already; remove it or name another", file=sys.stderr)
        return 1
    return 0


def _options() -> argparse.Namespace:
    usual = Size(0)
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("database", type=Path, help="the file to make")
    parser.add_argument("--end", type=_moment, default=datetime.now(UTC), help="ISO 8601 with a zone (now)")
    parser.add_argument("--users", type=_count, default=usual.users, help="(%(default)s)")
    parser.add_argument("--farms", type=_count, default=usual.farms, help="(%(default)s)")
    parser.add_argument("--transactions", type=_count, default=usual.transactions, help="(%(default)s)")
    parser.add_argument("--seed", type=int, default=usual.seed, help="another one, another market (%(default)s)")
    return parser.parse_args()


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise argparse.ArgumentTypeError(f"{text} has no zone; write {text}Z or {text}+09:00")
    return moment


def _count(text: str) -> int:
    count = int(text)
    if not 1 <= count <= 10_000_000:
        raise argparse.ArgumentTypeError("1 to 10,000,000")
    return count


if __name__ == "__main__":
    sys.exit(main())
