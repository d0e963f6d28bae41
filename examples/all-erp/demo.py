"""All-ERP's auth service through a day in half a minute: scaled up, at its maximum, scaled down, on local processes.

`python examples/all-erp/demo.py` needs nothing; with nginx the replicas stand behind one. `--hold 2s` makes the day
shorter, `--keep FOLDER` leaves the plan, the journal and the logs there.
"""

import argparse
import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from erp.service import SCHEMA

HERE = Path(__file__).resolve().parent
OUTGROW = [sys.executable, "-m", "outgrow"]
PATIENCE_SECONDS = 90.0
# outgrow's exit code when the load generator itself had too little of the machine: on two busy cores it may be so.
TOO_WEAK = 7


def main() -> int:
    """Run the demo; the exit code is that of the replay."""
    options = argparse.ArgumentParser()
    options.add_argument("--hold", help="how long each part of the day lasts, such as 3s")
    options.add_argument("--keep", type=Path, help="work in this folder and leave it")
    given = options.parse_args()
    folder = given.keep or Path(tempfile.mkdtemp(prefix="all-erp-"))
    try:
        return run(folder, given.hold)
    finally:
        if given.keep is None:
            shutil.rmtree(folder, ignore_errors=True)


def run(folder: Path, hold: str | None) -> int:
    """Scale, load, look back; leave no process behind, whatever happens."""
    shutil.copytree(HERE / "erp", folder / "erp", dirs_exist_ok=True)
    behind_nginx = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin") is not None
    port = free_port()
    (folder / "plan.yaml").write_text(plan_text(port, hold, behind_nginx=behind_nginx))
    environment = {**os.environ, "ERP_DATABASE": str(folder / "erp.sqlite"), "PYTHONUNBUFFERED": "1"}
    with closing(sqlite3.connect(folder / "erp.sqlite")) as database:
        database.execute(SCHEMA)
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    show("outgrow scale auth")
    if not behind_nginx:
        print("nginx is not installed: the load goes to the first replica alone", flush=True)
    loop = subprocess.Popen([*OUTGROW, "scale", "auth"], cwd=folder, env=environment, stdout=subprocess.PIPE, text=True)
    reader = threading.Thread(target=tell, args=(loop,))
    reader.start()
    try:
        until(lambda: len(replicas(folder, "ready")) >= 1, loop)
        address = f"127.0.0.1:{port}" if behind_nginx else replicas(folder, "ready")[0]
        environment["ERP_URL"] = f"http://{address}"
        load = subprocess.run(
            [*OUTGROW, "load", "run", "day", "plan.yaml", "--quiet"],
            cwd=folder, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        until(lambda: len(replicas(folder)) == 1, loop)
    finally:
        loop.send_signal(signal.SIGTERM)
        loop.wait()
        reader.join()
    show("outgrow load day")
    print(load.stdout + load.stderr, flush=True)
    show("outgrow scale auth --replay")
    again = subprocess.run([*OUTGROW, "scale", "auth", "--replay"], cwd=folder, env=environment, check=False)
    show("outgrow scale auth --down")
    subprocess.run([*OUTGROW, "scale", "auth", "--down"], cwd=folder, env=environment, check=True)
    return again.returncode if load.returncode in {0, TOO_WEAK} else load.returncode


def plan_text(port: int, hold: str | None, *, behind_nginx: bool) -> str:
    """Give the demo's plan with a free port, and with parts of the day as long as is wished."""
    text = (HERE / "demo.yaml").read_text(encoding="utf-8").replace("127.0.0.1:18080", f"127.0.0.1:{port}")
    if not behind_nginx:
        text = re.sub(r"\n +behind: .*", "", text)
    return text if hold is None else re.sub(r"hold: \w+", f"hold: {hold}", text)


def replicas(folder: Path, phase: str = "") -> list[str]:
    """Give the addresses of the replicas that outgrow remembers, or of those in a phase."""
    try:
        state = json.loads((folder / ".outgrow" / "auth" / "state.json").read_text())
    except FileNotFoundError:
        return []
    return [each["address"] for each in state["replicas"] if phase in {"", each["phase"]}]


def until(reached: Callable[[], bool], loop: "subprocess.Popen[str]") -> None:
    """Wait until something is so, as long as the loop runs."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not reached():
        if loop.poll() is not None or time.monotonic() > deadline:
            raise SystemExit("the scaling loop ended, or did not come so far")
        time.sleep(0.1)


def tell(loop: "subprocess.Popen[str]") -> None:
    """Print what the loop says, without its date."""
    if loop.stdout is not None:
        for line in loop.stdout:
            print(line.rstrip().partition("T")[2], flush=True)


def show(command: str) -> None:
    """Print a command as it would be typed."""
    print(f"\n$ {command}", flush=True)


def free_port() -> int:
    """Give a port of the loopback that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


if __name__ == "__main__":
    sys.exit(main())
