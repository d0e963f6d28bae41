"""A rehearsal as one HTML file that needs nothing else, in the look of the report."""

from dataclasses import fields as dataclass_fields
from dataclasses import replace

from outgrow.report.html import render_page
from outgrow.report.rehearsal_charts import replicas_chart, scatter, worst_chart
from outgrow.report.rehearsal_view import RehearsalRow, policy_name, rehearsal_view
from outgrow.report.words import Words
from outgrow.simulate.rehearsal import Part, Rehearsal


def render_rehearsal(
    found: Rehearsal, service: str, notes: tuple[str, ...], words: Words, *, curve: bool = True
) -> str:
    """Lay a rehearsal out as one HTML page; give it decisions to have them told under the pointer.

    Without `curve` the HPA targets stand neither in the table nor among the points.
    """
    view = rehearsal_view(found, service, notes, words)
    view = view if curve else replace(view, rows=tuple(row for row in view.rows if row.part is not Part.CURVE))
    fields = [field.name for field in dataclass_fields(RehearsalRow) if field.name != "part"]
    worst = worst_chart(found, words)
    beside = [*found.of(Part.COMPARED), *filter(None, [found.at_equal_cost()]), found.feasible, found.budget]
    return render_page(
        "rehearsal.html",
        words,
        view=view,
        columns=[field for field in fields if any(getattr(row, field) for row in view.rows)],
        charts=[replicas_chart(found, found.policy, words), *([worst] if worst else [])],
        beside=[replicas_chart(found, row, words, policy_name(row.name, words)) for row in beside],
        scatter=scatter(found, words, with_curve=curve),
        zone=words.zone.key,
    )
