"""What Prometheus' query API answers, made into series points, or into an error with its remedy. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from outgrow.errors import Failure, SourceError
from outgrow.facts.samples import Labels, labels_of
from outgrow.plan.json_path import Json

_SHOWN: Final = 5
_UNAUTHORISED: Final = 401
_FORBIDDEN: Final = 403
_TOO_MANY_REQUESTS: Final = 429
_BAD_GATEWAYS: Final = (502, 504)


@dataclass(frozen=True, slots=True)
class Point:
    """One element of a vector: its labels, its moment in milliseconds since the epoch, its value (may be NaN)."""

    labels: Mapping[str, str]
    moment: int
    value: float


def data_of(status: int, body: Json, where: str) -> tuple[Any, tuple[str, ...]]:
    """Take the data and the warnings out of the API's envelope.

    Raises:
        SourceError: the answer is an error, or none of this API.
    """
    if not isinstance(body, dict) or body.get("status") not in {"success", "error"}:
        raise not_the_api(status, where)
    if body["status"] == "error":
        raise _failure(str(body.get("errorType", "")), str(body.get("error", "")), status, where)
    warnings = body.get("warnings")
    return body.get("data"), tuple(map(str, warnings)) if isinstance(warnings, list) else ()


def not_the_api(status: int, where: str) -> SourceError:
    """Make the error of an answer that does not come from the query API, but from what stands before it."""
    if status == _UNAUTHORISED:
        return SourceError(
            Failure.WRONG_PASSWORD, f"{where} wants another login (401)", "set headers: {Authorization: ...}"
        )
    if status == _FORBIDDEN:
        return SourceError(
            Failure.NOT_PERMITTED, f"{where} forbids the query (403)", "look at the rights of this login"
        )
    if status == _TOO_MANY_REQUESTS:
        return SourceError(Failure.TOO_MANY_CONNECTIONS, f"{where} limits our requests (429)", "measure less often")
    if status in _BAD_GATEWAYS:
        return SourceError(
            Failure.UNREACHABLE, f"{where}: the gateway does not reach Prometheus ({status})", "look whether it runs"
        )
    if status == 503:  # noqa: PLR2004 (Service Unavailable)
        return SourceError(Failure.OTHER, f"{where} is not ready (503)", "it may still be starting; try again later")
    return SourceError(
        Failure.BAD_ANSWER,
        f"{where} answered {status}, not as Prometheus' query API does",
        "the url is what stands before /api/v1/query",
    )


def _failure(kind: str, message: str, status: int, where: str) -> SourceError:
    match kind:
        case "bad_data":
            return SourceError(Failure.BAD_QUERY, f"Prometheus refused the expression: {message}", "try it in its UI")
        case "execution":
            remedy = "ask for a larger step" if "too many samples" in message else "try the expression in its UI"
            return SourceError(Failure.BAD_QUERY, f"Prometheus cannot evaluate the expression: {message}", remedy)
        case "timeout" | "canceled":
            return SourceError(
                Failure.TIMED_OUT,
                f"Prometheus gave up: {message}",
                "make the expression cheaper (a recording rule), or raise the source's timeout",
            )
        case "unavailable":
            return SourceError(Failure.OTHER, f"{where} is not ready: {message}", "try again later")
        case _:
            return SourceError(Failure.OTHER, f"{where} failed ({status} {kind}): {message}", "look at its log")


def points_of(data: Any) -> Iterator[Point]:
    """Give every point of a scalar, an instant vector, or the matrix of a range query.

    Raises:
        SourceError: a result of another type, or a native histogram.
    """
    kind, result = data["resultType"], data["result"]
    match kind:
        case "scalar":
            yield _point({}, result)
        case "vector":
            for element in result:
                _refuse_histogram(element, "histogram")
                yield _point(element["metric"], element["value"])
        case "matrix":
            for element in result:
                _refuse_histogram(element, "histograms")
                for stamped in element["values"]:
                    yield _point(element["metric"], stamped)
        case _:
            raise SourceError(
                Failure.BAD_ANSWER, f"the expression gives a {kind}, not a number", "write one that gives a vector"
            )


def refuse_range_vector(data: Any) -> None:
    """Refuse the matrix that a range vector selector gives at one moment.

    Raises:
        SourceError: with what to write instead.
    """
    if data["resultType"] == "matrix":
        raise SourceError(
            Failure.BAD_QUERY,
            "the expression gives a range vector, not a number",
            "put a function around it: rate(...), max_over_time(...)",
        )


def labels_kept(points: Iterable[Point], by: tuple[str, ...]) -> dict[Labels, Point]:
    """Give the points of one moment by the labels in `by`; a label that a series lacks is empty, as in PromQL.

    Raises:
        SourceError: two series have the same labels, or none has one of the labels.
    """
    present = list(points)
    names = sorted({name for point in present for name in point.labels})
    if unknown := [name for name in by if present and name not in names]:
        raise SourceError(
            Failure.NO_SUCH_THING,
            f"no series has the label {unknown[0]}; there is {', '.join(names) or 'none'}",
            f"keep it in the expression: sum by ({', '.join(by)}) (...)",
        )
    kept: dict[Labels, Point] = {}
    for point in present:
        labels = labels_of({name: point.labels.get(name, "") for name in by})
        if labels in kept:
            raise _several([each for each in present if _shares(each, labels)], by)
        kept[labels] = point
    return kept


def _shares(point: Point, labels: Labels) -> bool:
    return all(point.labels.get(name, "") == value for name, value in labels)


def _several(points: list[Point], by: tuple[str, ...]) -> SourceError:
    differing = sorted(
        {
            name
            for point in points
            for name in point.labels
            if len({each.labels.get(name, "") for each in points}) > 1 and name not in by
        }
    )
    shown = ", ".join(_series_text(point) for point in points[:_SHOWN])
    more = f" and {len(points) - _SHOWN} more" if len(points) > _SHOWN else ""
    grouped = f" by ({', '.join(by)})" if by else ""
    labels = ", ".join((*by, *differing[:1]))
    return SourceError(
        Failure.BAD_ANSWER,
        f"the expression gives {len(points)} series where one is wanted: {shown}{more}",
        f"aggregate them, sum{grouped} (...), or keep them apart with by: [{labels}]",
    )


def _series_text(point: Point) -> str:
    return "{" + ", ".join(f'{name}="{value}"' for name, value in sorted(point.labels.items())) + "}"


def _point(labels: Mapping[str, str], stamped: Any) -> Point:
    seconds, text = cast("tuple[float, str]", tuple(stamped))
    return Point(labels, round(seconds * 1000), float(text))


def _refuse_histogram(element: Mapping[str, Any], name: str) -> None:
    if name in element:
        raise SourceError(
            Failure.BAD_ANSWER,
            "the expression gives a native histogram, not a number",
            "take a number out of it: histogram_quantile(0.95, ...)",
        )
