"""The errors of the robots room. Each names the offending value and what would be valid."""


class RobotError(ValueError):
    """Something about a robot, its model or its controller cannot be used as given."""


class ModelError(RobotError):
    """A robot description that cannot be read or makes no physical sense."""
