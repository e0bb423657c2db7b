"""The errors of the hardware room. Each names the offending value and what would be valid."""


class BoardError(ValueError):
    """A board that does not exist, or whose description makes no sense."""
