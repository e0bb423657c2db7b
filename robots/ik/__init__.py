"""Inverse kinematics: a descent that also runs on a board, and a search from many starts."""

from robots.ik.solve import Solution, Solutions, Solver

__all__ = ["Solution", "Solutions", "Solver"]
