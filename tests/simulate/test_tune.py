import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from outgrow.cli.tune_table import chart, snippet
from outgrow.control.tuning import tune
from outgrow.plan.autoscaling import HpaPolicy
from outgrow.plan.predictive import PredictivePolicy
from outgrow.report.words import texts_of
from outgrow.simulate.appraisal import Terms
from outgrow.simulate.blocks import block_seconds, scored_by_block, together
from outgrow.simulate.candidates import candidates
from outgrow.simulate.rehearsal import Setting
from outgrow.simulate.score import score
from outgrow.simulate.timeline import Timeline
from outgrow.simulate.tune import Goal, Tried, pareto, tuned
from tests.simulate.given import hpa, service, trace

HOURS = [2 + 18 * (index % 24 in range(9, 18)) + index % 3 for index in range(24 * 5)]
SETTING = Setting(service(start_up=3600, step=3600, lag=3600), trace(*HOURS, interval=3600), Terms(86_400))
CANDIDATES = candidates(hpa(), SETTING.service)[::7]


def test_the_cheapest_that_keeps_the_goal_is_chosen():
    found = tune(CANDIDATES, Goal(0.2), SETTING, 86_400, processes=1)
    assert found.chosen is not None
    kept = [each.whole.ready for each in found.tried if each.whole.unserved <= 0.2]
    assert found.chosen.whole.ready == min(kept)


def test_what_nothing_keeps_is_not_chosen():
    assert tune(CANDIDATES, Goal(0.0), SETTING, 86_400, processes=1).chosen is None


def test_several_processes_find_what_one_finds():
    one, two = (tune(CANDIDATES, Goal(0.2), SETTING, 86_400, processes=count) for count in (1, 2))
    assert one == two


def test_every_block_is_judged_by_what_was_chosen_before_it():
    found = tune(CANDIDATES, Goal(0.2), SETTING, 86_400, processes=1)
    assert [fold.block for fold in found.folds] == [1, 2, 3]
    first = found.folds[0]
    alone = tuned([Tried(each.candidate, each.blocks[:1]) for each in found.tried], Goal(0.2), 86_400).chosen
    assert first.chosen is not None
    assert alone is not None
    assert first.chosen.candidate == alone.candidate


def test_nothing_on_the_front_is_beaten():
    found = tune(CANDIDATES, Goal(0.2), SETTING, 86_400, processes=1)
    for each in found.front:
        better = [o for o in found.tried if o.whole.ready <= each.whole.ready and o.whole.missing < each.whole.missing]
        assert better == []
    assert pareto(found.front) == found.front


def test_weeks_are_blocks_where_there_are_two_of_them():
    assert block_seconds(SETTING) == 86_400
    long = Setting(SETTING.service, trace(*HOURS * 4, interval=3600), Terms(86_400))
    assert block_seconds(long) == 7 * 86_400


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=30, max_size=80))
def test_blocks_add_up_to_the_whole(pairs):
    needed, ready = (tuple(each) for each in zip(*pairs, strict=True))
    timeline = Timeline(3600, needed, ready, ready)
    totals = [each * 100_000 for each in needed]
    whole = together(scored_by_block(timeline, totals, SETTING, 6 * 3600))
    if sum(needed[24:]):
        found = score(timeline, 86_400)
        assert (whole.unserved, whole.cost_ratio) == (found.unserved, found.cost_ratio)
    assert whole.steps == len(pairs) - 24


@settings(max_examples=20, deadline=None)
@given(st.sampled_from(candidates(hpa(min=2), service(), thorough=True)))
def test_the_policy_to_paste_is_the_policy_found(candidate):
    scaling = yaml.safe_load(snippet("web", candidate.policy))["services"]["web"]["scaling"]
    assert HpaPolicy.model_validate(scaling, by_alias=True, by_name=False) == candidate.policy


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"unserved": 0.001, "hold": "10m"},
        {"metrics": [{"kind": "resource", "name": "cpu", "utilization": 70}]},
    ],
)
def test_a_policy_without_metrics_may_be_pasted_too(options):
    policy = PredictivePolicy.model_validate({"min": 2, "max": 9, **options})
    scaling = yaml.safe_load(snippet("web", policy))["services"]["web"]["scaling"]
    assert PredictivePolicy.model_validate(scaling, by_alias=True, by_name=False) == policy


def test_the_chart_shows_the_chosen_once():
    found = tune(CANDIDATES, Goal(0.2), SETTING, 86_400, processes=1)
    drawn = "\n".join(chart(found, 40, texts_of("en"))[:10])
    assert drawn.count("#") == 1
    assert "o" in drawn
