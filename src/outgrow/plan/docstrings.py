"""The documentation of options: the text that stands below each in its class.

Read from the source only when a schema or a reference is written, for it would triple the time that importing takes.
"""

import ast
import inspect
import textwrap
from collections.abc import Mapping
from itertools import pairwise

from pydantic import BaseModel


def option_docs(model: type[BaseModel]) -> Mapping[str, str]:
    """Give the documentation of a model's options by field name, inherited ones included.

    A description that was given to the field itself comes first. Where the source is not at hand, the rest is missing.
    """
    found: dict[str, str] = {}
    for each in reversed(model.__mro__):
        if issubclass(each, BaseModel) and each is not BaseModel:
            found |= _docs_below(each)
    described = {name: field.description for name, field in model.model_fields.items() if field.description}
    return {name: text for name, text in {**found, **described}.items() if name in model.model_fields}


def _docs_below(model: type[BaseModel]) -> Mapping[str, str]:
    try:
        source = textwrap.dedent(inspect.getsource(model))
    except (OSError, TypeError):
        return {}
    found: dict[str, str] = {}
    whole = ast.parse(source).body[0]
    for option, below in pairwise(whole.body if isinstance(whole, ast.ClassDef) else ()):
        match option, below:
            case (ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str() as text))):
                found[name] = " ".join(text.split())
            case _:
                pass
    return found
