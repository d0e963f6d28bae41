"""A run over a Ray cluster, one that is started here; a node's process that dies is reported."""

import warnings

import pytest

from outgrow.errors import SourceError, UsageError
from outgrow.facts.loads import Outcome
from outgrow.loadtest.run import run_load
from tests.loadtest.servers import OK, answering, scenario, serving

pytest.importorskip("ray", reason="ray is not installed: its wheels end at Python 3.13 (extra outgrow[ray])")

# Ray leaves its own sockets and processes to the collector.
pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(240)]


@pytest.fixture(scope="module")
def cluster():
    with warnings.catch_warnings(), pytest.MonkeyPatch.context() as patch:
        warnings.simplefilter("ignore")
        # A cluster of loopback alone, which writes nothing into the home folder.
        patch.setenv("RAY_AUTH_MODE", "disabled")
        from outgrow.loadtest import on_ray

        yield on_ray.begin("ray://local", 2)
        on_ray.leave()


async def test_shares_run_as_actors_and_come_together(cluster):
    told = []
    async with serving(answering(OK)) as target:
        made = scenario(target, target_rps=60, duration="2s", processes=2)
        facts = await run_load("s", made, {}, told.append, lines=cluster)

    assert facts.whole.outcomes == {Outcome.DONE: 120}
    assert [shard.arrivals for shard in facts.shards] == [60, 60]
    assert sum(second.done for second in told) == 120


async def test_an_actor_that_dies_is_reported_and_its_rest_is_lost(cluster):
    started = []

    def noted():
        started.append(cluster())
        return started[-1]

    def kill_one(_):
        if len(started) == 2:
            started.append(None)
            started[0].kill()

    async with serving(answering(OK)) as target:
        made = scenario(target, target_rps=60, duration="3s", processes=2)
        facts = await run_load("s", made, {}, kill_one, lines=noted)

    assert facts.whole.arrivals == 180
    assert facts.whole.outcomes[Outcome.LOST] > 0
    assert [bool(shard.lost) for shard in facts.shards] == [True, False]


@pytest.mark.usefixtures("cluster")
def test_a_place_that_is_no_cluster_is_refused():
    from outgrow.loadtest.on_ray import begin

    with pytest.raises(UsageError, match="is no Ray cluster"):
        begin("spark://x", 1)


@pytest.mark.usefixtures("cluster")
def test_a_second_cluster_in_one_process_is_said_to_be_out_of_reach():
    from outgrow.loadtest.on_ray import begin

    with pytest.raises(SourceError, match="no Ray cluster is reached"):
        begin("ray://local", 1)
