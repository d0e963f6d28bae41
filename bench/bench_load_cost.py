"""What does a request cost the generator? Requests per second of its own processor time, against nginx on loopback.

    .venv/bin/python bench/bench_load_cost.py [--seconds 5] [--rounds 3]

nginx has one worker and a body of 64 bytes; 64 connections. Ours has no closed loop: it is measured at an open 20,000
requests a second (dropped arrivals cost time and do not count as requests), then at 2,000. "Realistic" fills in the
session and the arrival, sends four headers, and checks the status and a text. hey and wrk run closed loops, where they
are installed, hey also at 2,000. The rounds are interleaved and the median is shown; start-up is not counted for ours,
and is for the others (a few hundredths of a second).
"""

import argparse
import os
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import uvloop
from rich.console import Console
from rich.table import Table

from outgrow.facts.loads import Outcome
from outgrow.loadtest.run import run_load
from outgrow.plan.scenarios import Scenario
from tests.servers.process import ServerProcess, free_port, listens, program

CONFIGURATION = """
worker_processes 1; pid nginx.pid; error_log stderr crit; daemon off;
events {{ worker_connections 1024; }}
http {{ access_log off; keepalive_requests 100000000; client_body_temp_path b; proxy_temp_path p; fastcgi_temp_path f;
  uwsgi_temp_path u; scgi_temp_path s;
  server {{ listen 127.0.0.1:{port}; location / {{ return 200 "{body}"; }} }} }}
"""
BARE = {"name": "bare"}
REALISTIC = {
    "name": "realistic",
    "path": "/farms/{user}?n={arrival}",
    "headers": {
        "Accept": "application/json",
        "Cookie": "session={user}",
        "X-Request": "{arrival}",
        "X-Client": "bench",
    },
    "status": [200],
    "contains": "welcome",
}


def nginx() -> tuple[ServerProcess, str]:
    folder, port = Path(tempfile.mkdtemp(prefix="outgrow-nginx-")), free_port()
    (folder / "nginx.conf").write_text(CONFIGURATION.format(port=port, body="welcome".ljust(64, ".")))
    command = [program("nginx", package="nginx"), "-p", folder, "-c", folder / "nginx.conf", "-e", "stderr"]
    server = ServerProcess(command, folder, lambda: listens(port))
    server.start()
    return server, f"http://127.0.0.1:{port}"


def ours(target: str, step: dict, rate: int, seconds: int) -> tuple[float, float, float]:
    """Give requests done, processor seconds and seconds."""
    scenario = Scenario.model_validate(
        {
            "target": target,
            "target_rps": rate,
            "duration": f"{seconds}s",
            "users": 64,
            "ceiling": {"rps": rate},
            "steps": [step],
        }
    )
    facts = uvloop.run(run_load("cost", scenario, {}, lambda _: None))
    done = facts.whole.outcomes.get(Outcome.DONE, 0)
    assert done + facts.whole.outcomes.get(Outcome.DROPPED, 0) == facts.whole.arrivals, facts.whole.outcomes
    return done, facts.health.cpu_share * facts.seconds, facts.seconds


def peer(command: list[str], pattern: str) -> tuple[float, float, float]:
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    told = subprocess.run(
        command, capture_output=True, text=True, check=True, env={**os.environ, "GOMAXPROCS": "1"}
    ).stdout
    after, took = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter() - began
    found = re.search(pattern, told)
    assert found is not None, told
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return float(found.group(1)), cpu, took


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rate", type=int, default=20_000, help="arrivals a second of the first two")
    arguments = parser.parse_args()
    seconds = arguments.seconds
    server, target = nginx()
    runs = {
        "outgrow, bare": lambda: ours(target, BARE, arguments.rate, seconds),
        "outgrow, realistic": lambda: ours(target, REALISTIC, arguments.rate, seconds),
        "outgrow, bare, 2,000/s": lambda: ours(target, BARE, 2_000, seconds),
        "outgrow, realistic, 2,000/s": lambda: ours(target, REALISTIC, 2_000, seconds),
    }
    if shutil.which("wrk"):
        command = ["wrk", "-t1", "-c64", f"-d{seconds}s", target]
        runs["wrk"] = lambda: peer(command, r"(\d+) requests in")
    if shutil.which("hey"):
        closed = ["hey", "-z", f"{seconds}s", "-c", "64", target]
        runs["hey"] = lambda: peer(closed, r"\[200\]\s+(\d+) responses")
        paced = ["hey", "-z", f"{seconds}s", "-c", "50", "-q", "40", target]
        runs["hey, 2,000/s"] = lambda: peer(paced, r"\[200\]\s+(\d+) responses")
    found: dict[str, list[tuple[float, float, float]]] = {name: [] for name in runs}
    try:
        for _ in range(arguments.rounds):
            for name, run in runs.items():
                found[name].append(run())
    finally:
        server.remove()
    load = os.getloadavg()[0]
    table = Table(title=f"median of {arguments.rounds} rounds of {seconds} s; load average {load:.1f}")
    for name in ("generator", "requests/s", "requests per processor second", "processor ms per 1,000"):
        table.add_column(name, justify="left" if name == "generator" else "right")
    for name, rounds in found.items():
        wall = statistics.median(done / took for done, _, took in rounds)
        per_cpu = statistics.median(done / cpu for done, cpu, _ in rounds)
        table.add_row(name, f"{wall:,.0f}", f"{per_cpu:,.0f}", f"{1e6 / per_cpu:,.0f}")
    Console(width=110).print(table)


if __name__ == "__main__":
    main()
