"""The look's colours can be read in both schemes, and everything they paint is named by the style sheet."""

import re
from importlib.resources import files

import pytest

CSS = files("outgrow.report").joinpath("templates", "report.css").read_text(encoding="utf-8")
LIGHT, DARK = (
    dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", block))
    for block in re.findall(r":root \{(.*?)\}", CSS, re.DOTALL)[:2]
)
TEXT = [
    ("ink", "card"),
    ("ink", "page"),
    ("second", "card"),
    ("second", "page"),
    ("late", "card"),
    ("accent", "card"),
    ("on-urgent", "urgent"),
    ("on-required", "required"),
    ("on-recommended", "recommended"),
    ("on-unknown", "card"),
]
SHAPES = [("ring", "card"), ("dash", "card"), ("slate", "card"), ("accent", "card"), ("required-edge", "card")]


@pytest.mark.parametrize(("ink", "ground"), TEXT)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read(ink: str, ground: str, scheme: str) -> None:
    assert _contrast(ink, ground, scheme) >= 4.5  # WCAG 2.2, 1.4.3


@pytest.mark.parametrize(("ink", "ground"), SHAPES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_shapes_can_be_seen(ink: str, ground: str, scheme: str) -> None:
    assert _contrast(ink, ground, scheme) >= 3  # WCAG 2.2, 1.4.11


def test_every_colour_that_is_used_is_defined() -> None:
    styles = "".join(
        files("outgrow.report").joinpath("templates", name).read_text(encoding="utf-8")
        for name in ("report.css", "chart.css", "small.css")
    )

    assert set(re.findall(r"var\(--([a-z-]+)\)", styles)) <= set(LIGHT)


def _contrast(ink: str, ground: str, scheme: str) -> float:
    """WCAG 2.2: (lighter + 0.05) / (darker + 0.05) of the relative luminances."""
    colours = LIGHT if scheme == "light" else {**LIGHT, **DARK}
    lighter, darker = sorted((_luminance(colours[name]) for name in (ink, ground)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    channels = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    linear = (each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in channels)
    return sum(weight * each for weight, each in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
