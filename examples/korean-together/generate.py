"""Fill a database (and a Redis) with believable tutoring traffic of Korean Together.

    python generate.py --database-url postgresql://... --redis-url redis://... --recorded FOLDER

The same --end, --weeks, --scale and --seed give the same rows. The thresholds of plan.yaml are met at scale 1.
"""

import argparse
import asyncio
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import redis
from koto.cache import NoLimitError, fill_cache
from koto.database import NotEmptyError, fill, migrate
from koto.demand import Scenario
from koto.recorded import write_recordings
from koto.tables import make_tables


def main() -> int:
    """Run the command line; the exit code is 0, or 1 with the reason on stderr."""
    options = _options()
    scenario = Scenario(end=options.end, weeks=options.weeks, scale=options.scale, seed=options.seed)
    try:
        if options.database_url:
            asyncio.run(_fill_database(options.database_url, scenario))
        if options.redis_url:
            keys = fill_cache(options.redis_url, options.redis_share, options.seed)
            print(f"Redis: {keys:,} keys, {options.redis_share:.0%} of its memory")
        if options.recorded:
            options.recorded.mkdir(parents=True, exist_ok=True)
            for path in write_recordings(scenario, options.recorded):
                print(f"recorded: {path}")
    except (NotEmptyError, NoLimitError, OSError, asyncpg.PostgresError, redis.RedisError) as error:
        print(f"generate.py: {error}", file=sys.stderr)
        return 1
    return 0


async def _fill_database(url: str, scenario: Scenario) -> None:
    for name in await migrate(url):
        print(f"migration: {name}")
    tables = make_tables(scenario)
    await fill(url, tables)
    for table in tables:
        print(f"{table.name}: {table.rows:,} rows")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database-url", default=os.environ.get("KOTO_ADMIN_URL"), help="a role that may write")
    parser.add_argument("--redis-url", help="a Redis with maxmemory set")
    parser.add_argument("--redis-share", type=_share, default=0.7, help="of maxmemory, 0 to 1 (%(default)s)")
    parser.add_argument("--recorded", type=Path, help="folder for the recorded series")
    parser.add_argument("--end", type=_moment, default=datetime.now(UTC), help="ISO 8601 with a zone (now)")
    parser.add_argument("--weeks", type=_weeks, default=6, help="of events up to the end (%(default)s)")
    parser.add_argument("--scale", type=_positive, default=1.0, help="1 is the demo's size (%(default)s)")
    parser.add_argument("--seed", type=int, default=7, help="another one, another history (%(default)s)")
    options = parser.parse_args()
    if not (options.database_url or options.redis_url or options.recorded):
        parser.error("nothing to fill: give --database-url, --redis-url or --recorded")
    return options


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise argparse.ArgumentTypeError(f"{text} has no zone; write {text}Z or {text}+09:00")
    return moment


def _weeks(text: str) -> int:
    weeks = int(text)
    if not 1 <= weeks <= 104:
        raise argparse.ArgumentTypeError("1 to 104 weeks")
    return weeks


def _positive(text: str) -> float:
    number = float(text)
    if not 0 < number <= 100:
        raise argparse.ArgumentTypeError("more than 0, up to 100")
    return number


def _share(text: str) -> float:
    share = float(text)
    if not 0 < share < 1:
        raise argparse.ArgumentTypeError("between 0 and 1")
    return share


if __name__ == "__main__":
    sys.exit(main())
