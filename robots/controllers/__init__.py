"""Controllers: one module each, written once as a Numba kernel, run on host and board alike."""

from robots.controllers.contract import Controller, Instance, kernel

__all__ = ["Controller", "Instance", "kernel"]
