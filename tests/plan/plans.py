"""The plans that tests look at: good ones, and those that ship as examples."""

from pathlib import Path

HERE = Path(__file__).parent
# The plan of the third-party source is valid only where its package is installed (tests/examples looks at it there).
EXAMPLES = sorted(
    plan for plan in (HERE.parents[1] / "examples").glob("*/plan.yaml") if plan.parent.name != "third-party-source"
)

# An example that is a package of its own brings kinds of sources that are not installed here.
BUILT_IN_EXAMPLES = [plan for plan in EXAMPLES if not (plan.parent / "pyproject.toml").exists()]
GOOD = [*sorted((HERE / "valid").glob("*.yaml")), *BUILT_IN_EXAMPLES]
DOUBTFUL = sorted((HERE / "doubtful").glob("*.yaml"))
MALFORMED = sorted((HERE / "malformed").glob("*.yaml"))
