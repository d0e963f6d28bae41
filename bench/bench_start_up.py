"""How long the commands take to start, beside the smallest click program and a bare Python.

Each command runs as a whole process, in turn with the others, so that noise meets all of them alike.

    .venv/bin/python bench/bench_start_up.py [--rounds 15]
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

PLAN = Path(__file__).resolve().parent.parent / "examples" / "korean-together" / "plan.yaml"
BARE_CLICK = """
import click

@click.command()
def hello():
    click.echo("hello")

hello()
"""


def main() -> None:
    """Time every command in turn and print medians."""
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    words.add_argument("--rounds", type=int, default=15)
    rounds = words.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "hello.py"
        script.write_text(BARE_CLICK)
        outgrow = [sys.executable, "-m", "outgrow"]
        commands = {
            "python -c pass": [sys.executable, "-c", "pass"],
            "the smallest click program": [sys.executable, str(script)],
            "outgrow --help": [*outgrow, "--help"],
            "outgrow demand --mau 100000": [*outgrow, "demand", "--mau", "100000"],
            "outgrow validate (19 signals)": [*outgrow, "validate", str(PLAN)],
        }
        times: dict[str, list[float]] = {name: [] for name in commands}
        for number in range(rounds + 1):
            for name, command in commands.items():
                began = time.perf_counter()
                done = subprocess.run(command, capture_output=True, check=False)
                if done.returncode != 0:
                    sys.exit(f"{name} failed: {done.stderr.decode()}")
                if number:  # the first round warms the caches
                    times[name].append((time.perf_counter() - began) * 1000)
    table = Table(title=f"Whole processes, {rounds} rounds in turn")
    table.add_column("")
    for name in ("median ms", "least ms", "times click"):
        table.add_column(name, justify="right")
    base = statistics.median(times["the smallest click program"])
    for name, taken in times.items():
        middle = statistics.median(taken)
        table.add_row(name, f"{middle:.0f}", f"{min(taken):.0f}", f"{middle / base:.1f}")
    Console(width=100).print(table)


if __name__ == "__main__":
    main()
