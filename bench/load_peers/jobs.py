"""How each peer is told to load a target, and how its account is read.

Each generator gets one processor's worth of threads, as ours does. A peer that is not at hand has no jobs; `at_hand`
says which are, and what to do about the others.
"""

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from load_peers.ran import Ran, run

LOCUST_FILE = Path(__file__).parent / "locust_users.py"
K6_SCRIPT = Path(__file__).parent / "k6_script.js"
ONE_PROCESSOR = {"GOMAXPROCS": "1"}
SHARES = (0.5, 0.95, 0.99)


@dataclass(frozen=True)
class Told:
    """What a generator says of its run: requests done; p50, p95, p99 and the greatest in ms; what it did not send.

    `dropped` is None where the tool does not say.
    """

    done: int
    times_ms: tuple[float, ...] = ()
    dropped: int | None = None


@dataclass(frozen=True)
class Job:
    """A command of a peer and how to read what it printed."""

    name: str
    command: Sequence[str]
    read: Callable[[str], Told]
    given: str = ""
    environment: dict[str, str] = field(default_factory=dict)
    note: str = ""

    def run(self) -> tuple[Told, Ran]:
        """Run it to its end."""
        ran = run(self.command, self.given, ONE_PROCESSOR | self.environment)
        return self.read(ran.told), ran


@dataclass(frozen=True)
class Load:
    """What is asked: `workers` at once; `rate` a second in all, or as fast as it goes; for so long.

    With `times` every answer's time is asked for where a generator would otherwise not say p95, p99 and the greatest.
    `is_realistic` asks k6 and Locust for the work of a usual scenario; the others know only bare requests.
    """

    target: str
    seconds: int
    workers: int
    rate: int | None = None
    times: bool = False
    is_realistic: bool = False


@dataclass(frozen=True)
class Peer:
    """A generator: its program, which version it is, how it is asked, and the processor time that it takes to begin.

    `start_seconds` is what saying its version takes, which loads all of it.
    """

    name: str
    program: str
    version: str
    job: Callable[["Peer", Load], Job]
    start_seconds: float


def add_options(parser: argparse.ArgumentParser) -> None:
    """Let the command line say where peers are."""
    parser.add_argument("--k6", metavar="PATH", help="k6's program, where it is not on the PATH")
    parser.add_argument("--vegeta", metavar="PATH", help="vegeta's program, where it is not on the PATH")
    parser.add_argument("--locust", action="store_true", help="install Locust into a virtual environment of its own")


def at_hand(options: argparse.Namespace) -> tuple[list[Peer], list[str]]:
    """Give the peers that can run, and a line for each that cannot."""
    paths = {"k6": options.k6, "vegeta": options.vegeta}
    peers: list[Peer] = []
    missing: list[str] = []
    for name, (version, remedy, job) in TABLE.items():
        program = paths.get(name) or shutil.which(name)
        if name == "locust" and options.locust:
            program = _locust()
        if program is None:
            missing.append(f"{name}: not at hand ({remedy})")
            continue
        told = [run([program, *version], expected=range(3)) for _ in range(3)]
        found = re.search(r"(?<![\w.])v?(\d+\.\d+\.\d+)", told[0].told + told[0].complaints)
        start_seconds = min(each.cpu_seconds for each in told)
        peers.append(Peer(name, program, found[1] if found else "(says no version)", job, start_seconds))
    return peers, missing


def _locust() -> str:
    home = Path(tempfile.gettempdir()) / "outgrow-bench-locust"
    if not (home / "bin" / "locust").exists():
        subprocess.run([sys.executable, "-m", "venv", str(home)], check=True)
        subprocess.run([str(home / "bin" / "pip"), "install", "--quiet", "locust"], check=True)
    return str(home / "bin" / "locust")


def percentiles(times_ms: Iterable[float]) -> tuple[float, ...]:
    """Give p50, p95, p99 and the greatest."""
    ordered = sorted(times_ms)
    return (*(ordered[int(len(ordered) * share)] for share in SHARES), ordered[-1]) if ordered else ()


def _number(pattern: str, told: str) -> float:
    found = re.search(pattern, told)
    if found is None:
        raise RuntimeError(f"no {pattern} in: {told[-500:]}")
    return float(found[1])


def _wrk(peer: Peer, load: Load) -> Job:
    script = (
        "done = function(s, l) for _, p in pairs({50, 95, 99}) do "
        'io.write(string.format("at %d us\\n", l:percentile(p))) end '
        'io.write(string.format("at %d us\\n", l.max)) io.write(string.format("sent %d\\n", s.requests)) end'
    )
    command = [peer.program, "-t1", f"-c{load.workers}", f"-d{load.seconds}s", "--timeout", "30s", "-s", "/dev/stdin"]

    def read(told: str) -> Told:
        return Told(
            int(_number(r"sent (\d+)", told)), tuple(int(each) / 1000 for each in re.findall(r"at (\d+) us", told))
        )

    return Job(
        f"wrk {peer.version}", [*command, load.target], read, script, note=f"closed loop, {load.workers} connections"
    )


def _hey(peer: Peer, load: Load) -> Job:
    paced = [] if load.rate is None else ["-q", str(load.rate / load.workers)]
    listed = ["-o", "csv"] if load.times else []
    command = [
        peer.program, "-z", f"{load.seconds}s", "-c", str(load.workers), "-t", "30", *paced, *listed, load.target,
    ]  # fmt: skip

    def read(told: str) -> Told:
        if not load.times:
            return Told(int(_number(r"\[200\]\s+(\d+) responses", told)))
        rows = [line.split(",")[0] for line in told.splitlines()[1:]]
        return Told(len(rows), percentiles(float(row) * 1000 for row in rows))

    return Job(f"hey {peer.version}", command, read, note=f"{load.workers} workers")


def _h2load(peer: Peer, load: Load) -> Job:
    log = Path(tempfile.mkdtemp(prefix="outgrow-h2load-")) / "requests"
    paced = [] if load.rate is None else ["--rps", str(load.rate / load.workers)]
    listed = [f"--log-file={log}"] if load.times else []
    command = [peer.program, "--h1", "-t1", f"-c{load.workers}", f"-D{load.seconds}", *paced, *listed, load.target]

    def read(told: str) -> Told:
        done = int(_number(r"requests: .*?(\d+) succeeded", told))
        times: list[float] = []
        if log.exists():
            times = [int(line.split("\t")[2]) / 1000 for line in log.read_text().splitlines()]
        shutil.rmtree(log.parent, ignore_errors=True)
        return Told(done, percentiles(times))

    return Job(f"h2load {peer.version}", command, read, note=f"{load.workers} connections")


def _vegeta(peer: Peer, load: Load) -> Job:
    kept = Path(tempfile.mkdtemp(prefix="outgrow-vegeta-")) / "results"
    most = ["-max-workers", str(load.workers)] if load.rate is None else []
    command = [
        peer.program, "attack", f"-rate={load.rate or 0}", f"-duration={load.seconds}s", "-timeout=30s", *most,
        "-max-connections=10000", "-connections=10000", f"-output={kept}",
    ]  # fmt: skip

    def read(_: str) -> Told:
        report = json.loads(
            subprocess.run([peer.program, "report", "-type=json", str(kept)], capture_output=True, check=True).stdout
        )
        shutil.rmtree(kept.parent, ignore_errors=True)
        latencies = report["latencies"]
        return Told(
            report["status_codes"].get("200", 0),
            tuple(latencies[name] / 1e6 for name in ("50th", "95th", "99th", "max")),
            0,
        )

    return Job(f"vegeta {peer.version}", command, read, f"GET {load.target}\n", note="as many workers as needed")


def _k6(peer: Peer, load: Load) -> Job:
    if load.rate is None:
        scenario = {"executor": "constant-vus", "vus": load.workers, "duration": f"{load.seconds}s"}
    else:
        scenario = {
            "executor": "constant-arrival-rate", "rate": load.rate, "timeUnit": "1s", "duration": f"{load.seconds}s",
            "preAllocatedVUs": min(50, load.workers), "maxVUs": load.workers,
        }  # fmt: skip

    def read(told: str) -> Told:
        account = json.loads(re.findall(r"RESULT (\{.*\})", told)[-1])
        return Told(account["done"], tuple(account["times"]), account["dropped"])

    environment = {
        "BENCH_TARGET": load.target,
        "BENCH_SCENARIO": json.dumps(scenario),
        "BENCH_WORK": "realistic" if load.is_realistic else "bare",
    }
    passed = [word for name, value in environment.items() for word in ("-e", f"{name}={value}")]
    command = [peer.program, "run", "--quiet", "--no-usage-report", *passed, str(K6_SCRIPT)]
    return Job(f"k6 {peer.version}", command, read, note=f"at most {load.workers} virtual users")


def _locust_job(kind: str) -> Callable[[Peer, Load], Job]:
    def job(peer: Peer, load: Load) -> Job:
        each = "" if load.rate is None else str(load.rate / load.workers)
        users = f"Realistic{kind}" if load.is_realistic else kind
        command = [
            peer.program, "-f", str(LOCUST_FILE), users, "--headless", "--only-summary", "--json",
            "--loglevel", "ERROR", "-u", str(load.workers), "-r", str(load.workers), "-t", f"{load.seconds}s",
            "--host", load.target,
        ]  # fmt: skip

        def read(told: str) -> Told:
            entries = json.loads(told[told.index("[") :])
            if not entries:  # a busy machine did not let it begin in time
                return Told(0)
            stats = entries[0]
            times = [float(ms) for ms, count in stats["response_times"].items() for _ in range(count)]
            return Told(stats["num_requests"], (*percentiles(times)[:3], stats["max_response_time"]))

        return Job(
            f"Locust {peer.version} {kind}", command, read, environment={"BENCH_RATE_EACH": each},
            note=f"{load.workers} users",
        )  # fmt: skip

    return job


SCRIPTED: frozenset[str] = frozenset({"k6", "locust"})
"""Those that can be asked for realistic work."""
DEBIAN = "Debian: apt install {}"
# name -> (how it says its version, what to do where it is missing, how it is asked)
TABLE: dict[str, tuple[list[str], str, Callable[[Peer, Load], Job]]] = {
    "wrk": (["-v"], DEBIAN.format("wrk"), _wrk),
    "h2load": (["--version"], DEBIAN.format("nghttp2-client"), _h2load),
    "hey": (["-version"], DEBIAN.format("hey"), _hey),
    "vegeta": (["-version"], "--vegeta PATH", _vegeta),
    "k6": (["version"], "--k6 PATH", _k6),
    "locust": (["--version"], "--locust installs it from PyPI into a venv of its own", _locust_job("FastHttpUsers")),
}
