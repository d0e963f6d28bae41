"""Every sentence that a pure room puts into its facts has a Korean form: a new one without fails here."""

import ast
import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest

from outgrow.report.said import said
from outgrow.report.words import texts_of

ROOT = Path(__file__).resolve().parents[2] / "src" / "outgrow"
KOREAN = texts_of("ko")
ROOMS = (
    "decide/comparable.py",
    "decide/comparison.py",
    "decide/derived.py",
    "decide/holdings.py",
    "decide/phase_proofs.py",
    "decide/points.py",
    "decide/proof_conditions.py",
    "decide/saturation.py",
    "decide/thresholds.py",
    "capacity/knee.py",
    "capacity/usl.py",
    "autoscale/hpa/proposals.py",
    "autoscale/keda.py",
    "autoscale/predictive/decide.py",
    "autoscale/predictive/memory.py",
    "autoscale/predictive/state.py",
    "simulate/candidates.py",
    "simulate/recording.py",
    "simulate/rehearsal.py",
    "simulate/rehearse.py",
    "control/find_knee.py",
    "control/provenance.py",
    "control/rehearsal.py",
    "control/replay.py",
    "control/scale.py",
    "control/scale_view.py",
    "control/scaling_signals.py",
    "control/start_ups.py",
    "act/_fleet.py",
    "control/verify_phase.py",
    "loadtest/answers.py",
    "loadtest/codings.py",
    "loadtest/doors.py",
    "loadtest/errands.py",
    "loadtest/feeders.py",
    "loadtest/lines.py",
    "loadtest/on_ray.py",
    "loadtest/record.py",
    "loadtest/redirects.py",
    "loadtest/shard_files.py",
    "loadtest/shards.py",
    "loadtest/visits.py",
    "control/load_test.py",
    "simulate/load_trace.py",
)
NOT_FOR_PEOPLE = {
    "not a git repository",
    "it has",
    "write objects",
    "CompletedProcess[bytes] | str",
    "has no number",
    "does not",
    "two masters",
    "the journal",
}
"""What is compared with, types in quotes, and what only an error says; so does what begins with a place of the plan."""
HALVES = {
    " (without that bound it would be x7, which no system has)",
    "beta is 0 where the law fits bestx7: throughput shows no decline",
    ", 10 % a minute down",
    ", 300 % up at once",
    "a replica is taken to start in",
    "the metric is taken to be old by",
    "the metric is taken to be measured every",
    "comes x7 s after the row before",
}
"""What is put together with more; the wholes are told in `test_said` and in `tests/cli/test_korean.py`."""


@pytest.mark.parametrize("room", ROOMS)
def test_every_sentence_of_a_room_has_a_korean_form(room: str):
    found = list(sentences_of(ast.parse((ROOT / room).read_text())))

    assert found
    assert [each for each in found if not re.search("[가-힣]", said(each, KOREAN))] == []


def sentences_of(tree: ast.AST) -> Iterator[str]:
    """Give the texts of two words and more, filled in; not those of errors, documentation, sources and enumerations."""
    left = {id(each) for node in ast.walk(tree) if is_left_out(node) for each in ast.walk(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            left |= {id(each) for each in ast.walk(node) if each is not node}
    for node in ast.walk(tree):
        if id(node) in left or not isinstance(node, (ast.JoinedStr, ast.Constant)):
            continue
        for text in filled_in(node):
            if (
                re.search(r"^(?!services\.).*[a-z]{2,} .*[a-z]{2,}", text.replace("x7", ""))
                and text not in NOT_FOR_PEOPLE | HALVES
            ):
                yield text


def is_left_out(node: ast.AST) -> bool:
    is_documentation = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    is_source = isinstance(node, ast.AnnAssign | ast.Assign) and "SOURCE" in ast.unparse(node)
    is_member = isinstance(node, ast.ClassDef) and "Enum" in "".join(map(ast.unparse, node.bases))
    return isinstance(node, ast.Raise) or is_documentation or is_source or is_member


def filled_in(node: ast.JoinedStr | ast.Constant | ast.expr) -> Iterator[str]:
    """Give every text that a literal can become, with `x7` where a value stands."""
    match node:
        case ast.Constant(value=str(text)):
            yield text
        case ast.JoinedStr(values=values):
            for parts in product(*(list(filled_in(each)) for each in values)):
                yield "".join(parts)
        case ast.FormattedValue(value=ast.IfExp(body=body, orelse=orelse)):
            yield from filled_in(body)
            yield from filled_in(orelse)
        case ast.FormattedValue(value=ast.Call(func=ast.Name(id="counted"), args=[_, ast.Constant(value=noun)])):
            yield f"x7 {noun}"
            yield f"x7 {noun}s"
        case _:
            yield "x7"
