"""What every noun of a plan shares: strictness, names and secrets."""

from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, PlainSerializer, Strict, StringConstraints

from outgrow.plan.secrets import concealed

NAME_PATTERN: Final = r"^[A-Za-z0-9][A-Za-z0-9_.-]*$"
Name = Annotated[str, StringConstraints(pattern=NAME_PATTERN, max_length=63)]
"""A name that people give: letters, digits, dash, dot and underscore."""

Reference = str
"""The name of another part of the plan; that it leads somewhere is checked for the plan as a whole."""

Flag = Annotated[bool, Strict()]
"""true or false; `yes` is text."""

Count = Annotated[int, Strict()]
"""A whole number."""


class _Concealed(str):
    """A text that shows no password when a plan is printed by accident, in a log or a traceback."""

    __slots__ = ()

    def __repr__(self) -> str:
        return repr(concealed(self))


SecretText = Annotated[str, AfterValidator(_Concealed), PlainSerializer(concealed, when_used="json")]
"""Text that may hold `${NAME}` references. The plan never holds the secret itself: references are resolved when a
source is opened. A password that is written out all the same is left out of JSON and of a plan that is printed."""


class Declared(BaseModel):
    """A part of the plan: frozen, and strict about unknown options.

    The text below an option is its documentation: `outgrow schema` and the reference of the plan file read it there.
    """

    # A part is checked within its plan, so one that nobody asks for alone needs no validator of its own: it takes a MB.
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, defer_build=True)
