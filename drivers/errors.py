"""The errors of the drivers room. Each names the offending value and what would be valid."""


class DriverError(RuntimeError):
    """A driver cannot do what it was asked; the message says why and how to mend it."""


class ToolchainError(DriverError):
    """A kernel cannot become firmware."""


class EmulatorError(DriverError):
    """The emulated board stopped answering, crashed, or is not the firmware we expect."""


class LinkError(DriverError):
    """The host link: the other side is silent, refuses, or is not the one expected."""


class SilentError(LinkError):
    """The host link: nothing answers at the port."""
