"""The plans that tests look at: good ones, and those that ship as examples."""

from pathlib import Path

HERE = Path(__file__).parent
EXAMPLES = sorted((HERE.parents[1] / "examples").glob("*/plan.yaml"))

# An example that is a package of its own brings kinds of sources that are not installed here.
BUILT_IN_EXAMPLES = [plan for plan in EXAMPLES if not (plan.parent / "pyproject.toml").exists()]
GOOD = [*sorted((HERE / "valid").glob("*.yaml")), *BUILT_IN_EXAMPLES]
DOUBTFUL = sorted((HERE / "doubtful").glob("*.yaml"))
MALFORMED = sorted((HERE / "malformed").glob("*.yaml"))
