"""Rehearsal: recorded traffic through a policy and a model of the service, before the policy acts on anything.

Nothing here is random and nothing looks at a clock: the same trace, policy and service give the same timeline.
"""
