import pytest

from outgrow.errors import UsageError
from outgrow.simulate.trace import Trace, trace_from


def test_a_trace_is_read_as_requests_a_second():
    found = trace_from(["seconds,requests\n", "0,60\n", "60,120\n", "\n", "120,0\n"])
    assert found == Trace(60, (1.0, 2.0, 0.0))
    assert found.seconds == 180


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([], "t.csv:1: the columns are"),
        (["time,value"], "write a header seconds,requests"),
        (["seconds,requests", "0,1"], "1 rows"),
        (["seconds,requests", "0,1", "60,x"], "t.csv:3: '60,x' is not"),
        (["seconds,requests", "0,1", "60"], "t.csv:3"),
        (["seconds,requests", "0,1", "60,-1"], "t.csv:3: -1 requests"),
        (["seconds,requests", "0,1", "60,nan"], "t.csv:3: nan requests"),
        (["seconds,requests", "0,1", "60,inf"], "must be finite"),
        (["seconds,requests", "0,1", "60,1", "180,1"], "row 3 is 120 s after the one before, the grid has 60 s"),
        (["seconds,requests", "60,1", "0,1"], "sort the rows"),
        (["seconds,requests", "0,1", "0,1"], "row 2 is 0 s after"),
    ],
)
def test_a_trace_that_cannot_be_trusted_is_refused_with_its_place(lines: list[str], message: str):
    with pytest.raises(UsageError) as refused:
        trace_from(lines, "t.csv")
    assert message in str(refused.value)


def test_traffic_may_be_multiplied_and_smoothed():
    traffic = Trace(60, (1.0, 2.0, 6.0))
    assert traffic.times(10).rates == (10.0, 20.0, 60.0)
    assert traffic.smoothed(2).rates == (1.0, 1.5, 4.0)


def test_traffic_may_be_drawn_on_a_finer_grid():
    assert Trace(60, (1.0, 2.0)).drawn_finer(30) == Trace(30, (1.0, 1.5, 2.0, 2.0))
    with pytest.raises(UsageError, match="60 s cannot be cut into 45 s"):
        Trace(60, (1.0, 2.0)).drawn_finer(45)
