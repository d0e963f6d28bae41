"""`make demo-load` lets outgrow judge both forms while they serve, and leaves nothing behind, however it ends."""

import importlib.util
import os
import shutil
import signal
import tempfile
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType

import psutil
import pytest
from pamtalk.made_up import Size
from pamtalk.served import SERVE
from rich.console import Console

from outgrow.plan.file import parse_plan

DEMO = SERVE.with_name("demo.py")
PLAN = SERVE.with_name("plan.yaml")


@pytest.fixture
def temporary(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A temporary folder of our own, which other accounts may pass through."""
    folder = Path(tempfile.mkdtemp(prefix="outgrow-test-"))
    folder.chmod(0o711)
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.chdir(folder)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def demo(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    spec = importlib.util.spec_from_file_location("pam_talk_demo", DEMO)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(
        module, "Size", lambda end, seed: Size(end, users=60, farms=60, transactions=300, seed=seed)
    )  # fmt: skip
    return module


def speak_of(folder: Path) -> list[str]:
    lines = (" ".join(process.info["cmdline"] or []) for process in psutil.process_iter(["cmdline"]))
    return [line for line in lines if str(folder) in line]


class Judge:
    """Stands for outgrow: asks the form that serves, and says what a test wants said."""

    def __init__(self, *codes: int) -> None:
        self.codes = list(codes)
        self.asked: list[tuple[str, bool]] = []

    def __call__(self, words: list[str], environment: Mapping[str, str], _: Console) -> int:
        said = " ".join(word for word in words if not word.endswith((".yaml", ".json", ".html")))
        if "PAM_URL" not in environment:
            self.asked.append((said, False))
            return self.codes.pop(0)
        asking = urllib.request.Request(
            f"{environment['PAM_URL']}/farms/7/prediction", headers={"Cookie": "session=demo-7"}
        )
        with urllib.request.urlopen(asking, timeout=30) as answer:
            self.asked.append((said, answer.status == 202))
        return self.codes.pop(0)


def test_both_forms_serve_while_they_are_judged(
    demo: ModuleType, temporary: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
):  # fmt: skip
    judge = Judge(0, 0, 6, 0, 0, 0)
    monkeypatch.setattr(demo, "_outgrow", judge)

    code = demo.main()

    assert code == 0
    assert judge.asked == [
        ("verify --baseline --quiet", False),
        ("load phase-1 --quiet --html --output", False),
        ("verify phase-1 --from", False),
        ("load phase-1 --quiet --html --output", True),
        ("verify phase-1 --from", True),
        ("verify", False),
    ]
    assert "not proven before phase 1, proven after it" in capfd.readouterr().out
    assert speak_of(temporary) == []
    assert [each.name for each in temporary.iterdir()] == ["build"]


def test_a_demo_that_turns_out_otherwise_says_so(demo: ModuleType, capsys: pytest.CaptureFixture[str]):
    assert demo.conclude((7, 0), 90.0, Console()) == 1
    assert "(7, 0)" in capsys.readouterr().out


def test_a_demo_that_is_interrupted_leaves_nothing_behind(
    demo: ModuleType, temporary: Path, monkeypatch: pytest.MonkeyPatch
):  # fmt: skip
    def interrupted(*_: object) -> int:
        os.kill(os.getpid(), signal.SIGINT)
        return 0

    monkeypatch.setattr(demo, "_outgrow", interrupted)

    assert demo.main() == 130
    assert speak_of(temporary) == []
    assert [each.name for each in temporary.iterdir()] == ["build"]


def test_the_plan_is_valid_and_nothing_in_it_is_doubtful():
    loaded = parse_plan(PLAN.read_text(encoding="utf-8"), "plan.yaml")

    assert loaded.warnings == ()
    weights = {step.name: step.weight for step in loaded.plan.scenarios["peak"].steps}
    reads, writes = ("dashboard", "farm-list", "esg-score"), ("transaction", "registration")
    assert sum(weights[name] for name in reads) == 70
    assert sum(weights[name] for name in writes) == 20
    assert weights["prediction"] == 10
