"""The reference of the plan file says everything that a plan can say."""

from outgrow.plan.grades import Grade
from tools import reference_plan


def test_the_page_is_up_to_date():
    assert reference_plan.PAGE.read_text(encoding="utf-8") == reference_plan.page(), (
        "run python tools/reference_plan.py"
    )


def test_every_part_of_a_plan_has_its_place_on_the_page():
    assert set(reference_plan.SCHEMA["$defs"]) | {"Plan"} == reference_plan.documented()


def test_no_option_stands_without_its_meaning():
    rows = [line for line in reference_plan.page().splitlines() if line.startswith("| `")]
    assert len(rows) > 100
    assert [row for row in rows if not row.split(" | ")[1].strip(" |")] == []


def test_every_grade_is_named():
    assert all(grade.word in reference_plan.page() for grade in Grade if grade is not Grade.CLEAR)
