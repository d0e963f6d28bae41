"""Sources on this machine: processes, and recorded series in files."""

# Each kind narrows `kind` to its one word; the models are frozen, so nobody can write another into it.
# pyright: reportIncompatibleVariableOverride=false

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, model_validator
from pydantic_core import PydanticCustomError

from outgrow.plan.model import Declared, Flag
from outgrow.plan.source_options import SourceOptions, Timezone


class ProcessRead(Declared):
    """Read one statistic over the matching local processes."""

    metric: Literal["cpu", "cpu_cores", "memory", "count", "threads", "open_files"]
    """`cpu` is the share of all cores over about half a second, a ratio; `cpu_cores` in cores; `memory` the resident
    set in bytes (pages that processes share count once for each). Several processes are added up. `count` may be 0;
    the others cannot be read where no process matches."""


class ProcessSource(SourceOptions):
    """Local processes, found by name, command line or PID file; where several are given, all must match."""

    kind: Literal["process"]
    name: str | None = None
    """The process's name."""
    command: str | None = None
    """A part of its command line."""
    pid_file: str | None = None
    """A file that holds its PID, relative to the plan."""
    children: Flag = False
    """Whether the processes that the found ones started count too."""

    @model_validator(mode="after")
    def _something_to_find_them_by(self) -> Self:
        if not (self.name or self.command or self.pid_file):
            raise PydanticCustomError("process", "nothing says which processes; give name, command or pid_file")
        return self


class RecordedRead(Declared):
    """Read a column of a recorded series; columns named by the signal's `by` are its labels."""

    column: str = "value"
    """The column that holds the values."""
    where: Mapping[str, str] = {}
    """Only rows whose columns hold these texts, such as `{region: kr}`."""


def _moment(text: str) -> str:
    try:
        datetime.fromisoformat(text)
    except ValueError as error:
        raise PydanticCustomError(
            "moment", '"{text}" is not a moment; write for example 2026-11-21T09:00:00+09:00', {"text": text}
        ) from error
    return text


class RecordedSource(SourceOptions):
    """A recorded series: CSV with a header line, optionally gzipped, or Parquet, told by the file's ending."""

    kind: Literal["recorded"]
    path: str
    """The file, relative to the plan: .csv, .csv.gz or .parquet."""
    time_column: str = "time"
    """The column of times: ISO 8601, or seconds (since the epoch, or since `starts_at`)."""
    starts_at: Annotated[str, AfterValidator(_moment)] | None = None
    """The moment that second 0 stands for, ISO 8601."""
    timezone: Timezone = "UTC"
    """The zone of times written without one."""
