"""Make or refresh .venv from requirements.lock. Needs only Python >= 3.11; `make` runs it.

Every download is checked against its hash in the lock, uv itself included. With uv on the PATH that one is
used, so that a Debian without python3-venv works too.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
LOCK = ROOT / "requirements.lock"
BIN = VENV / "bin"
PYTHON = BIN / "python"

# A stamp is a file that `make` compares with the lock. Development includes the demo.
STAMPS = {"demo": VENV / "for-demo", "development": VENV / "for-development"}
EXTRAS_OF_THE_DEMO = "demo"


def main() -> None:
    """Make the environment that the command line asks for, and stamp it."""
    parser = argparse.ArgumentParser(description="Make or refresh .venv from requirements.lock.")
    parser.add_argument("--for", dest="purpose", choices=list(STAMPS), required=True)
    purpose: str = parser.parse_args().purpose

    # An environment that has everything stays so: the demo must not take the tests' tools away.
    if purpose == "demo" and STAMPS["development"].exists():
        purpose = "development"
    for stamp in STAMPS.values():
        stamp.unlink(missing_ok=True)

    uv = find_uv()
    if not python_works():
        create_venv(uv)
    uv = uv or uv_of_the_lock()
    install(uv, purpose)
    STAMPS["demo"].touch()
    if purpose == "development":
        STAMPS["development"].touch()


def find_uv() -> str | None:
    """Give the uv on the PATH, or none."""
    return shutil.which("uv")


def python_works() -> bool:
    """Say whether .venv holds a Python that runs and is new enough."""
    if not PYTHON.exists():
        return False
    new_enough = "import sys; sys.exit(sys.version_info < (3, 11))"
    return subprocess.run([PYTHON, "-c", new_enough], capture_output=True, check=False).returncode == 0


def create_venv(uv: str | None) -> None:
    """Make .venv anew with the Python that runs this file."""
    print(f"outgrow: making .venv with Python {sys.version.split()[0]}", flush=True)
    shutil.rmtree(VENV, ignore_errors=True)
    if uv is not None:
        run([uv, "venv", "--quiet", "--no-config", "--python", sys.executable, str(VENV)])
        return
    made = subprocess.run([sys.executable, "-m", "venv", str(VENV)], capture_output=True, text=True, check=False)
    if made.returncode != 0:
        shutil.rmtree(VENV, ignore_errors=True)
        sys.exit(
            f"outgrow: this Python cannot make virtual environments.\n{made.stdout}{made.stderr}"
            "On Debian and Ubuntu `apt install python3-venv` adds what is missing; with uv on the PATH nothing is.",
        )


def uv_of_the_lock() -> str:
    """Give .venv's own uv, fetched by its hashes in the lock when it is not there in that version."""
    locked = re.search(r"^uv==(\S+) .*\n(?:    --hash=.*\n)+", LOCK.read_text(), re.MULTILINE)
    if locked is None:
        sys.exit(f"outgrow: {LOCK.name} pins no uv; restore it from the repository")
    uv = BIN / "uv"
    if uv.exists() and locked[1] in output_of([str(uv), "--version"]).split():
        return str(uv)
    if not output_of([str(PYTHON), "-m", "pip", "--version"]):
        run([str(PYTHON), "-m", "ensurepip"])
    with tempfile.TemporaryDirectory() as folder:
        pin = Path(folder) / "uv.lock"
        pin.write_text(locked[0])
        pip = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        run([*pip, "--require-hashes", "--no-deps", "--requirement", str(pin)])
    return str(uv)


def install(uv: str, purpose: str) -> None:
    """Install the locked packages that the purpose needs, and outgrow itself in editable form.

    The build of outgrow runs in isolation, with a build backend pinned by the same lock.
    """
    pip = [uv, "pip"]
    checked = ["--quiet", "--python", str(PYTHON), "--build-constraints", str(LOCK)]
    if purpose == "development":
        run([*pip, "sync", *checked, "--require-hashes", str(LOCK)])
        run([*pip, "install", *checked, "--no-deps", "--editable", str(ROOT)])
    else:
        # Constraints carry the hashes too: a package that differs from the lock is refused.
        editable = f"{ROOT}[{EXTRAS_OF_THE_DEMO}]"
        run([*pip, "install", *checked, "--constraints", str(LOCK), "--editable", editable])


def output_of(command: list[str]) -> str:
    """Give what a command prints; nothing when it fails."""
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    return answer.stdout if answer.returncode == 0 else ""


def run(command: list[str]) -> None:
    """Run a command whose own words explain a failure; then stop."""
    # An environment that happens to be active is not the one to change.
    environment = {name: value for name, value in os.environ.items() if name not in {"VIRTUAL_ENV", "CONDA_PREFIX"}}
    status = subprocess.run(command, env=environment, check=False).returncode
    if status != 0:
        sys.exit(f"outgrow: `{' '.join(command[:3])} ...` failed ({status}); mended, run make again")


if __name__ == "__main__":
    main()
