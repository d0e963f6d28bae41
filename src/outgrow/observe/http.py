"""An HTTP endpoint, probed: whether it is up, with which status, how fast, and a number out of its JSON."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Final, cast

from outgrow.errors import Failure, SourceError
from outgrow.facts.samples import Absence, Missing, Observation, Sample
from outgrow.observe._http import Answer, Endpoint, Request, TlsFiles
from outgrow.observe._samples import in_unit_of, no_past, refuse_labels, sample_of
from outgrow.observe._shared_reads import SharedReads
from outgrow.plan.json_path import parse_json_path, value_at
from outgrow.plan.native_units import NATIVE_UNITS
from outgrow.plan.secrets import resolve
from outgrow.plan.signals import QuerySignal
from outgrow.plan.sources import HttpRead, HttpSource
from outgrow.ports import Inspection

_NO_HISTORY: Final = "an HTTP endpoint keeps no history: the journal fills from now on"
_LONGEST_BODY: Final = 16 * 1024 * 1024
_UP: Final = range(200, 400)
_SECONDS: Final = NATIVE_UNITS["http"]["latency"]
_EXPIRES_SOON: Final = timedelta(days=14)
# What says that nobody answers there properly, rather than that we asked wrongly.
_DOWN: Final = frozenset(
    {Failure.REFUSED, Failure.UNREACHABLE, Failure.TIMED_OUT, Failure.CONNECTION_LOST, Failure.BAD_ANSWER}
)
_KINDS: Final[Mapping[type, str]] = {list: "an array", dict: "an object"}
_FAILURES: Final[Mapping[int, Failure]] = {
    HTTPStatus.UNAUTHORIZED: Failure.WRONG_PASSWORD,
    HTTPStatus.FORBIDDEN: Failure.NOT_PERMITTED,
    HTTPStatus.NOT_FOUND: Failure.NO_SUCH_THING,
    HTTPStatus.TOO_MANY_REQUESTS: Failure.TOO_MANY_CONNECTIONS,
}


class HttpSignals:
    """Probes one endpoint; every probe is a connection of its own, so that connecting is a part of the latency."""

    def __init__(self, options: HttpSource, environment: Mapping[str, str], base: Path) -> None:
        """Point at the endpoint; nothing is connected yet."""
        headers = {name: resolve(value, environment) for name, value in options.headers.items()}
        tls = TlsFiles.beside(base, options.tls_ca, options.tls_certificate, options.tls_key)
        self._endpoint = Endpoint(resolve(options.url, environment), headers=headers, tls=tls, keep=False)
        self._body = None if options.body is None else resolve(options.body, environment).encode()
        self._method = options.method
        self._timeout: timedelta = options.timeout
        self._probes: SharedReads[Answer] = SharedReads()

    async def observe(self, signal: QuerySignal, now: datetime) -> Sequence[Observation]:
        """Probe once; signals that read the same path at the same time share the probe."""
        refuse_labels(signal, "an HTTP endpoint")
        read = cast("HttpRead", signal.read)
        match read.metric:
            case "up":
                sample = sample_of(await self._is_up(read), now, now)
            case "status":
                sample = sample_of((await self._probe(read, whole=False)).status, now, now)
            case "latency":
                took = self._of_use(await self._probe(read), read).took.total_seconds()
                sample = sample_of(in_unit_of(signal, took, _SECONDS, "latency"), now, now)
            case "json":
                sample = self._number(self._of_use(await self._probe(read), read), str(read.json_path), now)
        return (Observation((), sample),)

    async def past(self, signal: QuerySignal, instants: Sequence[datetime], now: datetime) -> Sequence[Observation]:
        """Refuse: nobody remembers past probes but the journal."""
        raise no_past(_NO_HISTORY)

    def answers_past(self, signal: QuerySignal) -> str:
        """Say that it cannot be asked."""
        return _NO_HISTORY

    async def inspect(self) -> Inspection:
        """Probe once; say what answers, by which clock, and for how long its certificate is good."""
        now = datetime.now(UTC)
        answer = await self._probe(HttpRead(metric="status"), whole=False)
        skew = None if answer.date is None else answer.date - now
        # The Date header tells whole seconds, so that half a second is its own error.
        skew = timedelta(0) if skew is not None and abs(skew) < timedelta(seconds=2) else skew
        warnings: list[str] = []
        if answer.tls_expires is not None and answer.tls_expires - now < _EXPIRES_SOON:
            warnings.append(f"the TLS certificate of {self._endpoint.shown} expires on {answer.tls_expires:%Y-%m-%d}")
        if answer.status not in _UP:
            warnings.append(f"{self._endpoint.shown} answers {_status(answer)}")
        return Inspection(answer.headers.get("server") or "an HTTP endpoint", skew, tuple(warnings))

    async def aclose(self) -> None:
        """Close the connections."""
        await self._probes.aclose()
        await self._endpoint.aclose()

    async def _probe(self, read: HttpRead, *, whole: bool = True) -> Answer:
        request = Request(read.path, self._method, content=self._body, whole=whole, max_bytes=_LONGEST_BODY)
        return await self._probes.read((read.path, whole), partial(self._endpoint.ask, request, self._timeout))

    async def _is_up(self, read: HttpRead) -> float:
        try:
            answer = await self._probe(read, whole=False)
        except SourceError as error:
            if error.failure in _DOWN:
                return 0.0
            raise
        return float(_is_expected(answer, read))

    def _of_use(self, answer: Answer, read: HttpRead) -> Answer:
        """Let only an answer through that was expected: an error page may be fast, and full of numbers."""
        if _is_expected(answer, read):
            return answer
        wanted = f"{read.expect_status} was expected" if read.expect_status else "which is no success"
        raise SourceError(
            _FAILURES.get(answer.status, Failure.BAD_ANSWER),
            f"{self._endpoint.shown}{read.path.partition('?')[0]} answers {_status(answer)}, {wanted}",
            "look at the path and the headers; metric: status reads the status itself",
        )

    def _number(self, answer: Answer, path: str, now: datetime) -> Sample:
        where = self._endpoint.shown
        try:
            found = value_at(answer.json(where), parse_json_path(path))
        except LookupError as error:
            raise SourceError(
                Failure.NO_SUCH_THING, f"{where}: nothing stands at {path}: {error.args[0]}", "look at json_path"
            ) from error
        if found is None:
            return Missing(now, Absence.NULL, f"{path} is null", now)
        try:
            if isinstance(found, bool | int | float | str):
                return sample_of(float(found), now, now)
        except (ValueError, OverflowError):
            pass
        shown = f'the text "{found[:40]}"' if isinstance(found, str) else _KINDS.get(type(found), "too large")
        raise SourceError(Failure.BAD_ANSWER, f"{where}: {path} is {shown}, not a number", "look at json_path")


def _is_expected(answer: Answer, read: HttpRead) -> bool:
    return answer.status in _UP if read.expect_status is None else answer.status == read.expect_status


def _status(answer: Answer) -> str:
    return f"{answer.status} {answer.reason}".strip()
