"""The errors of the policies room. Each names the offending value and what would be valid."""


class PolicyError(ValueError):
    """A policy, dataset, observation or action that cannot be used as given."""
