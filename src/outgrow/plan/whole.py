"""The plan as a whole."""

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from outgrow.plan.alerts import Alert
from outgrow.plan.checkpoints import Checkpoint
from outgrow.plan.levels import Level
from outgrow.plan.model import Declared, Name, SecretText
from outgrow.plan.review import Dashboard, Review
from outgrow.plan.roadmap import Roadmap
from outgrow.plan.scenarios import Scenario
from outgrow.plan.services import Service
from outgrow.plan.signals import Signal
from outgrow.plan.sources import Source, Timezone
from outgrow.plan.targets import Targets
from outgrow.quantity import Duration


class JournalOptions(Declared):
    """Where samples, decisions and events are kept, and for how long."""

    url: SecretText = "sqlite:outgrow.journal.sqlite"
    """sqlite:FILE (relative to the plan), or postgresql://..."""
    keep_raw: Duration = Duration.parse("30d")
    """How long single samples are kept, scaling decisions that changed nothing, and what the others were made of."""
    keep_5m: Duration = Duration.parse("180d")
    """How long five-minute summaries are kept."""
    keep_1h: Duration = Duration.parse("1095d")
    """How long hourly summaries are kept, and scaling decisions that changed a number."""


class Plan(Declared):
    """A scaling plan: what is measured, when the architecture has been outgrown, and what follows."""

    outgrow: Literal[1]
    """The version of the plan format."""
    name: Name
    """The project's name."""
    title: str = ""
    """A name for people."""
    description: str = ""
    """What the system is."""
    timezone: Timezone = "UTC"
    """The zone of calendars: days, weeks and deadlines."""
    include: tuple[str, ...] = ()
    """Further files whose nouns belong to this plan, relative to this one."""
    sources: Mapping[Name, Source] = {}
    """The systems that are measured."""
    signals: Mapping[Name, Signal] = {}
    """What is measured."""
    levels: Mapping[Name, Level] = {}
    """Bands of signals: target, warning, danger."""
    checkpoints: Mapping[Name, Checkpoint] = {}
    """When a part of the architecture has been outgrown."""
    roadmap: Roadmap | None = None
    """The phases of the architecture."""
    scenarios: Mapping[Name, Scenario] = {}
    """The loads that the system must carry."""
    targets: Targets = Field(default=Targets())
    """What the system as a whole is to keep, for thresholds and goals by name."""
    services: Mapping[Name, Service] = {}
    """What can be scaled, and how."""
    alerts: Mapping[Name, Alert] = {}
    """Single conditions that someone is told of."""
    dashboards: Mapping[Name, Dashboard] = {}
    """Pages of signals."""
    review: Review | None = None
    """The weekly look at the plan."""
    journal: JournalOptions = Field(default=JournalOptions())
    """Where samples and decisions are kept."""
