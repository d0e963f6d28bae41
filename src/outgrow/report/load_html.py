"""A load test as one HTML file that needs nothing else, in the look of a report."""

from outgrow.report.html import render_page
from outgrow.report.load_view import LoadView
from outgrow.report.words import Words


def render_load_html(view: LoadView, words: Words) -> str:
    """Lay a run out as one HTML page."""
    return render_page("load.html", words, view=view)
