"""Words of scaling decisions."""

from outgrow.facts.scaling import Rule
from outgrow.report.words import Words


def rule_word(rule: Rule, words: Words) -> str:
    """Word what had the last word on a number of replicas."""
    return words(f"scaling.rule.{rule.name.lower()}")
