"""Policies: from what is measured and remembered to how many replicas there should be.

Every policy is a function `decide(policy, observation, state, now) -> (ScalingDecision, State)`. It acts on nothing and
remembers nothing but what it hands back, so a live loop, a rehearsal and a replay of the journal decide alike.
"""
