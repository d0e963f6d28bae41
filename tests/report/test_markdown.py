"""The Markdown report: tables are tables, texts stay texts, boxes can be ticked, charts are lines of blocks."""

import re
from collections.abc import Callable

import pytest
from markdown_it import MarkdownIt

from outgrow.report.markdown import code, escaped, fenced, html_text, render_markdown
from outgrow.report.report_view import ReportView
from outgrow.report.sparks import spark

Views = Callable[[str], ReportView]


@pytest.fixture(scope="session")
def text(views: Views) -> str:
    return render_markdown(views("en"))


def test_every_row_of_a_table_has_as_many_cells_as_its_head(text: str) -> None:
    tables = re.findall(r"(?:^\|.*\|\n)+", text, re.MULTILINE)

    assert len(tables) > 15
    for table in tables:
        cells = {len(re.findall(r"(?<!\\)\|", row)) for row in table.splitlines()}
        assert len(cells) == 1, table


def test_it_reads_as_headings_tables_and_boxes(text: str) -> None:
    tokens = MarkdownIt("commonmark").enable("table").parse(text)

    kinds = [token.type for token in tokens]
    headings = [tokens[position + 1].content for position, kind in enumerate(kinds) if kind == "heading_open"]
    assert headings[0] == "Korean Together: Scaling report"
    assert "Split out the AI service: ⬣ urgent" in headings
    assert kinds.count("table_open") > 15
    assert "- [ ] Compose file split" in text


def test_the_overview_names_verdict_headroom_crossing_and_due(text: str) -> None:
    row = next(line for line in text.splitlines() if line.startswith("| ⬣ **urgent** |"))

    assert "Split out the AI service" in row
    assert "A■ B■ C■ D□" in row
    assert " late |" in row


def test_charts_are_lines_of_blocks(text: str) -> None:
    assert re.search(r"Last 24 h: [▁▂▃▄▅▆▇█ ]{32}", text)


def test_evidence_folds_away_and_folds_are_closed(text: str) -> None:
    assert text.count("<details>") == text.count("</details>") > 5
    assert "rule hash `" in text


def test_a_text_of_the_plan_is_no_markup(text: str) -> None:
    assert "Egress &lt;b&gt;of the store&lt;/b&gt;" in text
    assert "<b>" not in text


def test_korean_is_korean(views: Views) -> None:
    text = render_markdown(views("ko"))

    assert "## 체크포인트" in text
    assert "⬣ **긴급**" in text


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("a|b", "a\\|b"),
        ("*loud* _soft_ `code`", "\\*loud\\* \\_soft\\_ \\`code\\`"),
        ("[a](http://b)", "\\[a\\](http://b)"),
        ("two\nlines", "two lines"),
        ("<img> & more", "&lt;img&gt; &amp; more"),
        ("back\\slash", "back\\\\slash"),
    ],
)
def test_special_characters_are_shown_as_they_are(given: str, shown: str) -> None:
    assert escaped(given) == shown


def test_a_query_with_fences_stays_one_block() -> None:
    block = fenced("SELECT '```' AS value")

    assert block.splitlines()[0] == "````"
    assert MarkdownIt().parse(block)[0].content == "SELECT '```' AS value\n"


def test_code_and_folded_titles_survive_their_surroundings() -> None:
    assert code("a | b") == "`a \\| b`"
    assert code("`x`") == "`` `x` ``"
    assert html_text("<b>*x*") == "&lt;b&gt;*x*"


def test_a_spark_shows_gaps_and_a_flat_line() -> None:
    assert spark([1, None, 8]) == "▁ █"
    assert spark([5, 5]) == "▁▁"
    assert spark([None]) == ""
