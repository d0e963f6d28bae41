"""Which policies are rehearsed: the service's own, those of a file, of other services, and plain ones by their name."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from outgrow.cli.common import policy_place
from outgrow.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from outgrow.plan import Plan
    from outgrow.plan.services import ScalingPolicy
    from outgrow.simulate.rehearsal import Setting

_PLAIN: Final = {"hpa": "pods", "external": "external", "cpu": "resource"}
_MOST_PERCENT: Final = 200


def policies_for(
    plan: "Plan", service: str, file: Path | None, compared: tuple[str, ...], setting: "Setting"
) -> "Mapping[str, ScalingPolicy]":
    """Give policies by name, the one that is rehearsed first; one of the two, service or file, has one.

    Raises:
        UsageError: the file cannot be used, or a name leads nowhere.
    """
    own = plan.services[service].scaling
    of_file = policies_in(file) if file is not None else {}
    found: dict[str, ScalingPolicy] = dict(of_file)
    if not found and own is not None:
        found[service] = own
    limits = next(iter(found.values()))
    for name in compared:
        if name in found:
            continue
        other = plan.services[name].scaling if name in plan.services else None
        found[name] = other if other is not None else _plain(name, limits, setting, plan)
    return found


def policy_lacking(plan: "Plan", service: str, file: Path | None) -> list[str]:
    """Give a sentence, with its remedy, where there is no policy to rehearse."""
    declared = plan.services.get(service)
    if file is not None or declared is None or declared.scaling is not None:
        return []
    remedy = f"write a policy, name a file: --policy-file, or let one be found: outgrow tune {service}"
    return [f"services.{service} has no scaling; {remedy}"]


def policies_in(file: Path) -> "dict[str, ScalingPolicy]":
    """Read policies of a YAML file: one policy, or several by name.

    Raises:
        UsageError: it cannot be read, or is no policy; says where.
    """
    import yaml
    from pydantic import TypeAdapter, ValidationError

    from outgrow.plan.services import ScalingPolicy

    try:
        document: Any = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{file}: cannot be read: {error}") from error
    except yaml.YAMLError as error:
        raise UsageError(f"{file}: is no YAML: {' '.join(str(error).split())}") from error
    if not isinstance(document, dict) or not document:
        raise UsageError(f"{file}: holds no policy; write what stands below `scaling:` in a plan")
    named = cast("dict[str, Any]", document)
    if set(named) == {"scaling"} and isinstance(named["scaling"], dict):
        named = cast("dict[str, Any]", named["scaling"])
    if "max" in named:
        named = {file.stem: named}
    adapter: TypeAdapter[ScalingPolicy] = TypeAdapter(ScalingPolicy)
    found: dict[str, ScalingPolicy] = {}
    for name, raw in named.items():
        try:
            found[str(name)] = adapter.validate_python(raw, by_alias=True, by_name=False)
        except ValidationError as error:
            first = error.errors()[0]
            place = policy_place(first["loc"], raw)
            raise UsageError(f"{file}: {name}{f'.{place}' if place else ''}: {first['msg']}") from error
    return found


def _plain(name: str, limits: "ScalingPolicy", setting: "Setting", plan: "Plan") -> "ScalingPolicy":
    """Give a plain policy by its name: `hpa:70` aims at 70 % of a ready replica's capacity, `predictive` looks ahead.

    Raises:
        UsageError: no such name.
    """
    from outgrow.plan.predictive import PredictivePolicy
    from outgrow.simulate.rehearsal import hpa_at

    if name == "predictive":
        return PredictivePolicy(min=limits.min, max=limits.max)
    word, _, number = name.partition(":")
    if word in _PLAIN and number.isdecimal() and 0 < int(number) <= _MOST_PERCENT:
        return hpa_at(int(number), limits, setting.service, kind=_PLAIN[word])
    with_policy = [each for each, service in plan.services.items() if service.scaling is not None]
    raise UsageError(
        f"--compare {name}: no policy is called so; name a service ({', '.join(with_policy) or 'none has one'}), a "
        "policy of --policy-file, or hpa:70, external:70, cpu:70, predictive"
    )
