"""The one exception tree and the exit codes.

    OutgrowError ............ 1  a fault of our own
    |-- UsageError .......... 2  the command or its arguments
    |-- PlanError ........... 2  the plan file; carries every problem found
    |-- SourceError ......... 3  a source could not be read
    |-- JournalError ........ 3  the journal could not be read or written
    |-- ActuatorError ....... 3  replicas could not be looked at or changed
    |-- NotProvenError ...... 6  a proof was asked for and not given
    |-- TooWeakError ........ 7  the load generator was itself saturated
    `-- RefusedError ........ 8  refused for safety

Exit code 4 (a verdict at or above `--fail-on`) and 5 (unknown where `--fail-on` was asked) are results, not errors.
"""

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import ClassVar


class ExitCode(IntEnum):
    """What a command's exit status means; when several apply, 2 wins over 4, 4 over 5, 5 over 3."""

    DONE = 0
    INTERNAL = 1
    USAGE = 2
    SOURCE = 3
    VERDICT = 4
    UNKNOWN = 5
    NOT_PROVEN = 6
    TOO_WEAK = 7
    REFUSED = 8
    INTERRUPTED = 130


class OutgrowError(Exception):
    """Everything that outgrow raises on purpose; the message says where, what and what next."""

    exit_code: ClassVar[ExitCode] = ExitCode.INTERNAL


class UsageError(OutgrowError):
    """The command line asked for something that cannot be done."""

    exit_code = ExitCode.USAGE


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a plan something stands; line and column count from 1, 0 where unknown."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        """Show as editors and compilers do: `plan.yaml:14:7`."""
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


class Severity(StrEnum):
    """Whether a problem stops the plan from being used."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a plan: where, what, and what to do next.

    `path` is the dotted place in the plan (`signals.queue.every`), empty for the file as a whole.
    """

    place: Place
    path: str
    what: str
    remedy: str = ""
    severity: Severity = Severity.ERROR

    def __str__(self) -> str:
        """Give the one line that people read."""
        kind = "warning: " if self.severity is Severity.WARNING else ""
        subject = f"{self.path}: " if self.path else ""
        return one_line(f"{self.place} {kind}{subject}{self.what}" + (f"; {self.remedy}" if self.remedy else ""))


def one_line(text: str) -> str:
    """Escape what would break a line or reach into a terminal: names in a plan may hold anything."""
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


class PlanError(OutgrowError):
    """The plan cannot be used; `problems` holds every error found, in the order of the file."""

    exit_code = ExitCode.USAGE

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        """Keep the problems and word them one a line."""
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems

    def __reduce__(self) -> tuple[type["PlanError"], tuple[tuple[Problem, ...]]]:
        """Let the problems travel between processes."""
        return PlanError, (self.problems,)


class Failure(StrEnum):
    """Why a source or an actuator failed: told apart because each has another remedy."""

    REFUSED = "connection refused"
    UNREACHABLE = "unreachable"
    TIMED_OUT = "timed out"
    LOCKED = "waiting for a lock"
    NOT_PERMITTED = "not permitted"
    WRONG_PASSWORD = "wrong user or password"  # noqa: S105 (the name of a failure)
    TOO_MANY_CONNECTIONS = "too many connections"
    NO_SUCH_THING = "no such table, column, metric or container"
    BAD_QUERY = "the query is wrong"
    BAD_ANSWER = "the answer cannot be used"
    CONNECTION_LOST = "connection lost"
    NOT_CONFIGURED = "not configured"
    NOT_INSTALLED = "a package is missing"
    CONFLICT = "somebody else changes it"
    TOO_BUSY = "asked too often"
    NOT_ACCEPTED = "not accepted"
    OTHER = "failed"


class SourceError(OutgrowError):
    """A source could not be read; the failure is told apart so that it can be worded with its remedy."""

    exit_code = ExitCode.SOURCE

    def __init__(self, failure: Failure, what: str, remedy: str = "") -> None:
        """Say what failed and what to do next; never put a secret into `what`."""
        super().__init__(what + (f"; {remedy}" if remedy else ""))
        self.failure = failure
        self.what = what
        self.remedy = remedy

    def __reduce__(self) -> tuple[type["SourceError"], tuple[Failure, str, str]]:
        """Let the failure travel between processes."""
        return SourceError, (self.failure, self.what, self.remedy)


class JournalError(OutgrowError):
    """The journal could not be read or written."""

    exit_code = ExitCode.SOURCE


class ActuatorError(OutgrowError):
    """Replicas could not be looked at or changed; the failure is told apart so that it can be worded with its remedy.

    After it nothing is known of whether the change was made: ask for the replicas again.
    """

    exit_code = ExitCode.SOURCE

    def __init__(self, failure: Failure, what: str, remedy: str = "") -> None:
        """Say what failed and what to do next; never put a secret into `what`."""
        super().__init__(what + (f"; {remedy}" if remedy else ""))
        self.failure = failure
        self.what = what
        self.remedy = remedy

    def __reduce__(self) -> tuple[type["ActuatorError"], tuple[Failure, str, str]]:
        """Let the failure travel between processes."""
        return ActuatorError, (self.failure, self.what, self.remedy)


class NotProvenError(OutgrowError):
    """A proof was asked for and the evidence does not give it."""

    exit_code = ExitCode.NOT_PROVEN


class TooWeakError(OutgrowError):
    """The load generator was saturated, so nothing can be said of the target."""

    exit_code = ExitCode.TOO_WEAK


class RefusedError(OutgrowError):
    """Refused because carrying it out could do harm."""

    exit_code = ExitCode.REFUSED
