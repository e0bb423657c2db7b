"""Meshes and URDFs, and the scripts that make them."""
