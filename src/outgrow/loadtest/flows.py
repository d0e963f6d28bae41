"""A scenario's flows made ready: what each arrival sends, and how its answers are judged."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from outgrow.loadtest.answers import Answer
from outgrow.loadtest.checks import FilledJudge, Judge, Take, filled_judge_of, judge_of, take_of
from outgrow.loadtest.orders import ShareOrders
from outgrow.loadtest.python_flows import WrittenFlow, written_flow
from outgrow.loadtest.requests import REPEATABLE, Place, Request, request_of, texts_of
from outgrow.plan.places import OF_EVERY_ARRIVAL, places
from outgrow.plan.scenario_steps import Flow, Pause, ScenarioStep
from outgrow.plan.scenarios import Scenario
from outgrow.plan.step_protocols import GrpcCall, Stream, WebSocketTalk

_USUAL: Final = frozenset(range(200, 400))
"""Success and redirection."""
_SWITCHING: Final = frozenset({101})
"""How a server agrees to speak WebSocket (RFC 6455 4.2.2)."""


@dataclass(frozen=True, slots=True)
class ReadyStep:
    """One step of a flow. `index` is where it is counted; `looks` says whether answers are more than counted."""

    index: int
    name: str
    request: Request
    statuses: frozenset[int]
    contains: bytes
    checks: tuple[tuple[str, Judge, bool], ...]
    filled_checks: tuple[tuple[str, FilledJudge, bool], ...]
    captures: tuple[tuple[str, Take, str | None], ...]
    think_seconds: tuple[float, float]
    looks: bool
    is_head: bool
    is_repeatable: bool
    follows: bool
    stream: Stream | None
    websocket: WebSocketTalk | None
    grpc: GrpcCall | None

    @property
    def speaks(self) -> Literal["http", "websocket", "grpc"]:
        """The protocol that its request is sent by."""
        if self.websocket is not None:
            return "websocket"
        return "http" if self.grpc is None else "grpc"

    def accepts(self, status: int, body: bytes) -> bool:
        """Say whether an answer is what the step expects, by its status and text."""
        return status in self.statuses and (not self.contains or self.contains in body)

    def takes(self, answer: Answer) -> bool:
        """Say whether an answer is what the step expects; its body is unpacked only where the step asks for a text."""
        return answer.status in self.statuses and (not self.contains or self.contains in answer.body)


@dataclass(frozen=True, slots=True)
class ReadyFlow:
    """A flow. One that `is_lone` has one step that neither keeps nor needs anything of its session.

    `written` is the code that leads arrivals through it, none where its steps follow one another.
    """

    index: int
    name: str
    steps: tuple[ReadyStep, ...]
    is_lone: bool
    written: WrittenFlow | None = None


@dataclass(frozen=True, slots=True)
class ReadyFlows:
    """All flows of a scenario, the names that steps are counted under, and what arrivals share.

    `counted` says whether flows are counted apart from their steps; plain steps of an open model are not.
    """

    flows: tuple[ReadyFlow, ...]
    names: tuple[str, ...]
    tags: Mapping[str, Mapping[str, str]]
    weights: tuple[int, ...]
    counted: bool
    keeps_cookies: bool
    place: Place
    seed: int


def flows_of(orders: ShareOrders, place: Place) -> ReadyFlows:
    """Make a scenario's flows ready.

    Raises:
        SourceError: an environment variable that a step names is not set.
        UsageError: a file that a step sends cannot be read.
    """
    scenario = orders.scenario
    flows, names = scenario.every_flow, scenario.step_names
    counted = bool(scenario.flows) or scenario.is_closed
    steps = (*(step for flow in flows.values() for step in flow.steps), *scenario.setup)
    fed = {each for step in steps for each in _fed(step, scenario)}
    captured = (name for step in steps for name in step.captures)
    known = frozenset({*OF_EVERY_ARRIVAL, *orders.values, *fed, *captured, *_given(flows)})

    def step_of(step: ScenarioStep, flow: Flow) -> ReadyStep:
        request = request_of(step, place, known, orders)
        return _ready_step(step, names.index(step.name), orders, request, known, is_led=flow.flow is not None)

    ready = tuple(tuple(step_of(step, flow) for step in flow.steps) for flow in flows.values())
    return ReadyFlows(
        tuple(
            ReadyFlow(
                index, name, steps, not counted and _is_lone(steps[0], scenario), _written(flows[name], name, orders)
            )
            for index, (name, steps) in enumerate(zip(flows, ready, strict=True))
        ),
        names,
        scenario.step_tags,
        tuple(flow.weight for flow in flows.values()),
        counted=counted,
        keeps_cookies=scenario.keeps_cookies,
        place=place,
        seed=scenario.seed,
    )


def _given(flows: Mapping[str, Flow]) -> list[str]:
    """Name every place in the steps of flows that code leads: it may give values under any name."""
    led = (step for flow in flows.values() if flow.flow is not None for step in flow.steps)
    return [place for step in led for text in texts_of(step) for place in places(text)]


def _written(flow: Flow, name: str, orders: ShareOrders) -> WrittenFlow | None:
    if flow.flow is None:
        return None
    return written_flow(flow.flow, orders.base, f"scenarios.{orders.name}.flows.{name}.flow")


def columns_used(scenario: Scenario) -> Mapping[str, Mapping[int, tuple[str, ...]]]:
    """Give, for each data, the columns that flows use of it, by the flow's index; those that use none are left out."""
    found: dict[str, dict[int, tuple[str, ...]]] = {name: {} for name in scenario.data}
    for index, flow in enumerate(scenario.every_flow.values()):
        for place in dict.fromkeys(each for step in flow.steps for each in _fed(step, scenario)):
            name, _, column = place.partition(".")
            found[name][index] = (*found[name].get(index, ()), column)
    return found


def _fed(step: ScenarioStep, scenario: Scenario) -> list[str]:
    return [each for text in texts_of(step) for each in places(text) if each.partition(".")[0] in scenario.data]


def _is_lone(step: ReadyStep, scenario: Scenario) -> bool:
    keeps = scenario.keeps_cookies or step.captures or step.follows or step.filled_checks
    return not keeps and step.request.names <= {*OF_EVERY_ARRIVAL}


def _ready_step(
    step: ScenarioStep, index: int, orders: ShareOrders, request: Request, known: frozenset[str], *, is_led: bool
) -> ReadyStep:
    judged = [(check, filled_judge_of(check, known)) for check in step.checks]
    match step.think:
        case None:
            think = (0.0, 0.0)
        case Pause():
            think = (step.think.min.total_seconds(), step.think.max.total_seconds())
        case _:
            think = (step.think.total_seconds(), step.think.total_seconds())
    return ReadyStep(
        index,
        step.name,
        request,
        frozenset(step.status) or (_USUAL if step.websocket is None else _SWITCHING),
        step.contains.encode(),
        tuple((check.title, judge_of(check), check.required) for check, filled in judged if filled is None),
        tuple((check.title, filled, check.required) for check, filled in judged if filled is not None),
        tuple((name, take_of(capture), capture.default) for name, capture in step.captures.items()),
        think,
        looks=bool(step.contains or step.checks or step.captures or step.follow or is_led)
        or orders.scenario.keeps_cookies,
        is_head=step.method == "HEAD",
        is_repeatable=step.method in REPEATABLE,
        follows=step.follow,
        stream=step.stream,
        websocket=step.websocket,
        grpc=step.grpc,
    )
