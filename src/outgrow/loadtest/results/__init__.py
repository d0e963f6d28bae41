"""What other generators measured, read as the facts of a load test, so that a team may keep its tool and gain the gate.

One file a tool. What a tool does not say stays unsaid: a summary has no seconds, so that nothing can be judged over a
sliding window, and none of these generators says whether it kept up itself.
"""

from collections.abc import Callable, Mapping
from typing import Final

from outgrow.errors import UsageError
from outgrow.facts.loads import LoadFacts
from outgrow.loadtest.results import k6_points, k6_summary, locust, vegeta

_READERS: Final[Mapping[str, Callable[[Mapping[str, str], str], LoadFacts | None]]] = {
    "k6 --out json": k6_points.read,
    "k6 --out csv": k6_points.read_csv,
    "k6 --summary-export": k6_summary.read,
    "vegeta encode": vegeta.read_results,
    "vegeta report -type=json": vegeta.read_report,
    "locust --csv": locust.read,
}


def read_results(texts: Mapping[str, str], scenario: str, only: str = "") -> LoadFacts:
    """Read the files of one run of another generator.

    Args:
        texts: the content of each file, by its name for messages.
        scenario: the name that the run gets.
        only: of k6's data points those of the scenario of this name alone; all unless given.

    Raises:
        UsageError: no known tool writes such files, or one of them is broken.
    """
    if only:
        texts = {name: k6_points.of_scenario(name, text, only) for name, text in texts.items()}
    for tool, read in _READERS.items():
        try:
            facts = read(texts, scenario)
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            raise UsageError(
                f"{', '.join(texts)}: a figure of {tool} cannot be read ({error}); was the file cut off or changed?"
            ) from error
        if facts is not None:
            return facts
    raise UsageError(
        f"{', '.join(texts)}: no result that is known; give one of {'; '.join(_READERS)}; or requests to send: a "
        "recording (HAR), an OpenAPI document, curl lines, what k6 inspect prints of a script"
    )
