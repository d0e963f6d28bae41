"""`simulate --against`: how a policy would have differed from the live control."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from outgrow.cli.common import console
from outgrow.facts.scaling import Rule
from outgrow.quantity import format_number
from outgrow.report.rehearsal_view import moment, policy_name, share
from outgrow.report.scaling_words import rule_word

if TYPE_CHECKING:
    from outgrow.report.words import Words
    from outgrow.simulate.rehearsal import Rehearsal
    from outgrow.simulate.shadow import Shadow


def print_against(found: "Rehearsal", counts: Sequence[float | None], words: "Words", *, as_json: bool) -> None:
    """Print where policy and live control differ, the largest differences first."""
    from outgrow.simulate.shadow import shadow

    compared = shadow(found, counts)
    step = found.setting.service.step_seconds
    if as_json:
        spans = [
            {**asdict(each), "start": found.setting.trace.moment(each.start * step).isoformat()}
            for each in compared.spans
        ]
        document = {
            "schema": "outgrow.shadow/1",
            "policy": found.policy.name,
            **asdict(compared),
            "agreement": compared.agreement,
            "live": None if compared.live is None else asdict(compared.live),
            "spans": spans,
        }
        print_json = json.dumps(document, ensure_ascii=False, indent=2)
        console().print(print_json, soft_wrap=True, markup=False, highlight=False)
        return
    shown = console()
    shown.print(
        Text(
            words("shadow.headline", policy=policy_name(found.policy.name, words), share=share(compared.agreement)),
            style="bold",
        )
    )
    shown.print(_hours(compared, words))
    own, live = found.policy.appraisal.score, compared.live
    if live is None:
        shown.print(words("shadow.gaps"))
    else:
        shown.print(words("shadow.unserved", ours=share(own.unserved), live=share(live.score.unserved)))
        actions = {"ours": format_number(own.actions_a_day), "live": format_number(live.score.actions_a_day)}
        shown.print(words("shadow.actions", **actions))
    if not compared.spans:
        return
    shown.print()
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for head in ("from", "for", "ours_minus_live", "rule"):
        table.add_column(words(f"shadow.column.{head}"), overflow="fold", no_wrap=head == "from")
    for span in compared.spans:
        lasted = words.span(timedelta(seconds=span.steps * step))
        start = moment(found.setting.trace.moment(span.start * step), words)
        table.add_row(start, lasted, f"{span.most:+d}", rule_word(Rule(span.rule), words) if span.rule else "")
    shown.print(table)


def _hours(compared: "Shadow", words: "Words") -> str:
    ours, live = compared.ours_replica_hours, compared.live_replica_hours
    change = f"{(ours / live - 1) * 100:+.1f} %" if live else "–"
    return words("shadow.hours", ours=format_number(ours), live=format_number(live), change=change)
