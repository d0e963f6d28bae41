"""Two contracts of the import rule that import-linter does not bring along (see docs/architecture.md).

Both name rooms that may not be built yet: a room that does not exist is passed over, so the rule can be
written down in full from the first day.
"""

from collections.abc import Iterator, Sequence
from typing import Any, cast

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output

PACKAGE = "outgrow"

Chain = tuple[str, ...]


class PureRooms(Contract):
    """The modules of `rooms` import none of the `forbidden` modules themselves, wherever these come from."""

    rooms = fields.ListField(subfield=fields.StringField())
    forbidden = fields.SetField(subfield=fields.StringField())

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:  # noqa: FBT001 (import-linter's signature)
        """Collect every direct import of a forbidden module."""
        forbidden = cast("set[str]", self.forbidden)
        return _verdict(
            (module, imported)
            for room in _built(graph, cast("Sequence[str]", self.rooms))
            for module in _modules_of(graph, room)
            for imported in graph.find_modules_directly_imported_by(module)
            if imported in forbidden
        )

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Print the imports that break the rule."""
        _print_chains(check)


class AdapterRooms(Contract):
    """In each of the `rooms` the modules are strangers; from outside only `openers` import from them.

    A module whose name begins with an underscore holds what the adapters of its room share: adapters may
    import it, it imports no adapter.
    """

    rooms = fields.ListField(subfield=fields.StringField())
    openers = fields.ListField(subfield=fields.StringField())

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:  # noqa: FBT001 (import-linter's signature)
        """Collect every import between two adapters, and every import of an adapter from outside its room."""
        openers = {f"{PACKAGE}.{opener}" for opener in cast("Sequence[str]", self.openers)}
        rooms = _built(graph, cast("Sequence[str]", self.rooms))
        return _verdict(chain for room in rooms for chain in _intrusions(graph, room, openers))

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Print the imports that break the rule."""
        _print_chains(check)


def _intrusions(graph: ImportGraph, room: str, openers: set[str]) -> Iterator[Chain]:
    for imported in _modules_of(graph, room):
        for importer in graph.find_modules_that_directly_import(imported):
            if not _is_inside(importer, room):
                if not any(_is_inside(importer, opener) for opener in openers):
                    yield importer, imported
            elif _is_adapter(imported, room) and _part(importer, room) != _part(imported, room):
                yield importer, imported


def _is_adapter(module: str, room: str) -> bool:
    part = _part(module, room)
    return part != "" and not part.startswith("_")


def _part(module: str, room: str) -> str:
    """Name the module's part of the room: `postgres` for outgrow.observe.postgres.queries, "" for the room itself."""
    return module.removeprefix(room).lstrip(".").partition(".")[0]


def _is_inside(module: str, room: str) -> bool:
    return module == room or module.startswith(f"{room}.")


def _built(graph: ImportGraph, rooms: Sequence[str]) -> list[str]:
    return [name for room in rooms if (name := f"{PACKAGE}.{room}") in graph.modules]


def _modules_of(graph: ImportGraph, room: str) -> set[str]:
    return {room} | graph.find_descendants(room)


def _verdict(chains: Iterator[Chain]) -> ContractCheck:
    found = sorted(set(chains))
    return ContractCheck(kept=not found, metadata={"chains": found})


def _print_chains(check: ContractCheck) -> None:
    chains = cast("list[Any]", check.metadata["chains"])
    for importer, imported in chains:
        output.print_error(f"{importer} must not import {imported}", bold=False)
    output.new_line()
