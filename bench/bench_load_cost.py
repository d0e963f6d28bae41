"""What does a request cost the generator? Requests per second of its own processor time, against nginx on loopback.

    .venv/bin/python bench/bench_load_cost.py [--seconds 5] [--rounds 3] [--locust] [--k6 PATH] [--vegeta PATH]

nginx has one worker and a body of 64 bytes; 64 connections. Ours is measured at an open 20,000 requests a second
(dropped arrivals cost time and do not count as requests), then at 2,000. "Realistic" fills in the session and the
arrival, sends four headers, keeps each session's cookie and sends it back, counts two checks (status, a text), and has
a tag. The peers that are at hand run a closed loop of 64, bare and, if they have scripts, with the same realistic work,
then 2,000 bare ones a second where they know a rate. The rounds are interleaved and the median is shown. What it takes
to begin is counted for nobody: ours is measured from within, and what saying their version takes is taken off the
others' processor time.
"""

import argparse
import os
import statistics
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import uvloop
from load_peers.jobs import SCRIPTED, Load, Peer, add_options, at_hand
from rich.console import Console
from rich.table import Table

from outgrow.facts.loads import Outcome
from outgrow.loadtest.run import run_load
from outgrow.plan.scenarios import Scenario
from tests.servers.process import ServerProcess, free_port, listens, program

CLOSED = ", closed loop"
REALISTIC_CLOSED = ", realistic, closed loop"
GOALS = {"k6": 3, "locust": 8}
"""How many times a peer's requests per processor second ours are to be."""
CONFIGURATION = """
worker_processes 1; pid nginx.pid; error_log stderr crit; daemon off;
events {{ worker_connections 1024; }}
http {{ access_log off; keepalive_requests 100000000; client_body_temp_path b; proxy_temp_path p; fastcgi_temp_path f;
  uwsgi_temp_path u; scgi_temp_path s;
  server {{ listen 127.0.0.1:{port}; location / {{ return 200 "{body}"; }}
    location /farms {{ add_header Set-Cookie "seen=farms; Path=/"; return 200 "{body}"; }} }} }}
"""
BARE = {"name": "bare"}
REALISTIC = {
    "name": "realistic",
    "path": "/farms/{user}?n={arrival}",
    "headers": {
        "Accept": "application/json",
        "Authorization": "Bearer {user}",
        "X-Request": "{arrival}",
        "X-Client": "bench",
    },
    "tags": {"kind": "read"},
    "checks": [{"status": 200}, {"contains": "welcome"}],
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
            "processes": 1,
            "cookies": step is REALISTIC,
        }
    )
    facts = uvloop.run(run_load("cost", scenario, {}, lambda _: None))
    done = facts.whole.outcomes.get(Outcome.DONE, 0)
    assert done + facts.whole.outcomes.get(Outcome.DROPPED, 0) == facts.whole.arrivals, facts.whole.outcomes
    return done, facts.health.cpu_share * facts.seconds, facts.seconds


def theirs(peer: Peer, load: Load) -> tuple[float, float, float]:
    told, ran = peer.job(peer, load).run()
    return told.done, max(ran.cpu_seconds - peer.start_seconds, 1e-3), ran.wall_seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rate", type=int, default=20_000, help="arrivals a second of the first two")
    add_options(parser)
    arguments = parser.parse_args()
    seconds = arguments.seconds
    peers, missing = at_hand(arguments)
    server, target = nginx()
    runs = {
        "outgrow, bare": lambda: ours(target, BARE, arguments.rate, seconds),
        "outgrow, realistic": lambda: ours(target, REALISTIC, arguments.rate, seconds),
        "outgrow, bare, 2,000/s": lambda: ours(target, BARE, 2_000, seconds),
        "outgrow, realistic, 2,000/s": lambda: ours(target, REALISTIC, 2_000, seconds),
    }
    for peer in peers:
        closed, paced = Load(target, seconds, 64), Load(target, seconds, 200, 2_000)
        runs[f"{peer.name} {peer.version}{CLOSED}"] = lambda peer=peer, load=closed: theirs(peer, load)
        if peer.name in SCRIPTED:
            work = replace(closed, is_realistic=True)
            runs[f"{peer.name} {peer.version}{REALISTIC_CLOSED}"] = lambda peer=peer, load=work: theirs(peer, load)
        if peer.name != "wrk":
            runs[f"{peer.name} {peer.version}, 2,000/s"] = lambda peer=peer, load=paced: theirs(peer, load)
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
        table.add_row(name, f"{wall:,.0f}", f"{per_cpu:,.0f}", f"{1e6 / per_cpu:,.0f}" if per_cpu else "–")
    Console(width=110).print(table)
    print(*ratios(found), *missing, sep="\n")


def ratios(found: dict[str, list[tuple[float, float, float]]]) -> list[str]:
    """Say how many times as much as each closed peer a processor second of ours sends, round by round.

    Like is held against like; beside a peer that knows only bare requests, our realistic ones are told too.
    """
    told: list[str] = []
    for name, rounds in found.items():
        peer, is_realistic = name.removesuffix(CLOSED), name.endswith(REALISTIC_CLOSED)
        has_both = name.removesuffix(CLOSED) + REALISTIC_CLOSED in found
        goal = "".join(f"; the goal is {goal}" for whose, goal in GOALS.items() if peer.startswith(whose))
        likes = ("realistic",) if is_realistic else ("bare",) if has_both else ("bare", "realistic")
        for own in likes if peer != name else ():
            pairs = zip(found[f"outgrow, {own}"], rounds, strict=True)
            times = sorted(done * cpu / (spent * sent) for (done, spent, _), (sent, cpu, _) in pairs if sent)
            if times:
                told.append(f"{own} / {peer}: {statistics.median(times):.1f} ({times[0]:.1f} to {times[-1]:.1f}{goal})")
    return told


if __name__ == "__main__":
    main()
