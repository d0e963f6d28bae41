"""A headless Chromium, the one on the PATH; without one these tests are passed over, with the reason."""

import asyncio
import shutil
from collections.abc import Callable, Generator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from outgrow.report.html import browser_scripts, render_html
from outgrow.report.report_view import report_view
from tests.report.facts import AT, checked, proof_events

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
OpenReport = Callable[..., Page]


# Not for the whole run: while Playwright's synchronous API is open its event loop runs, and no other test can have one.
@pytest.fixture(scope="module")
def browser() -> Generator[Browser]:
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip("chromium is not installed")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield running
        running.close()


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Reports as files, by language."""
    if not browser_scripts():
        pytest.skip("the npm registry was not reached when outgrow was installed")
    folder = tmp_path_factory.mktemp("reports")
    plan, facts = asyncio.run(checked(folder))
    files: dict[str, Path] = {}
    for language in ("en", "ko"):
        files[language] = folder / f"{language}.html"
        view = report_view(plan, facts, language, proofs=proof_events(plan), made_at=AT)
        files[language].write_text(render_html(view), encoding="utf-8")
    return files


@pytest.fixture
def open_report(reports: dict[str, Path], browser: Browser) -> Generator[OpenReport]:
    """Open a report offline; at the end of the test nothing may have been complained of or asked for."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []
    asked: list[str] = []

    def opened(language: str = "en", width: int = 1440, *, dark: bool = False, script: bool = True) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme="dark" if dark else "light",
            java_script_enabled=script,
            offline=True,
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(reports[language].as_uri())
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []
    assert {url for url in asked if not url.startswith("file:")} == set()
    assert len(asked) == len(contexts)
