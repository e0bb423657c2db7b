"""The errors of the sim room. Each names the offending value and what would be valid."""


class SimError(ValueError):
    """A scene, task, action or option that cannot be used as given."""


class WorkerError(RuntimeError):
    """A process of a VecFloor that failed, died or gave no answer."""
