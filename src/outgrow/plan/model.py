"""What every noun of a plan shares: strictness, names and secrets."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", max_length=63)]
"""A name that people give: letters, digits, dash, dot and underscore."""

SecretText = str
"""Text that may hold `${NAME}` references. The plan never holds the secret itself: references are resolved when a
source is opened."""


class Declared(BaseModel):
    """A part of the plan: frozen, and strict about unknown options."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, use_attribute_docstrings=True)
