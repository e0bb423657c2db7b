"""Nerves: controllers turned into firmware, and the buses and boards that run them."""
