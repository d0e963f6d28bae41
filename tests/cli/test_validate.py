"""`outgrow validate` finds what a run would be refused for, the files of its data among it."""

from pathlib import Path

from outgrow.cli import run

PLAN = """
outgrow: 1
name: shop
scenarios:
  peak:
    target: http://127.0.0.1:8091
    target_rps: 10
    duration: 10s
    data:
      people: {file: people.csv}
      orders: {file: ordes.csv}
    steps:
      - {name: list, path: "/farms?near={people.city}&of={people.name}"}
      - {name: order, path: "/orders/{orders.id}"}
  replayed:
    target: http://127.0.0.1:8091
    trace: {file: day.csv}
    steps: [{name: home}]
"""


def test_data_that_is_missing_or_lacks_a_column_is_told_before_any_run(tmp_path: Path, capsys):
    (tmp_path / "people.csv").write_text("name,town\nmin,Jeju\n")
    plan = tmp_path / "plan.yaml"
    plan.write_text(PLAN)

    assert run(["validate", str(plan)]) == 2

    told = capsys.readouterr().err
    assert f'{plan}:10:7 scenarios.peak.data.people: no column is called "city"; the columns are name, town' in told
    assert f'{plan}:11:7 scenarios.peak.data.orders: "{tmp_path / "ordes.csv"}" does not exist' in told
    assert f'{plan}:17:5 scenarios.replayed.trace: "{tmp_path / "day.csv"}" does not exist' in told


def test_data_that_is_there_is_valid(tmp_path: Path, capsys):
    (tmp_path / "people.csv").write_text("name,city\nmin,Jeju\n")
    (tmp_path / "ordes.csv").write_text("id\n7\n")
    (tmp_path / "day.csv").write_text("at\n0\n1\n2\n")
    plan = tmp_path / "plan.yaml"
    plan.write_text(PLAN.replace("{file: day.csv}", "{file: day.csv, at: at}"))

    assert run(["validate", str(plan)]) == 0, capsys.readouterr().err
