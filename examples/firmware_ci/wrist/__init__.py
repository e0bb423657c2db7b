"""A gripper's wrist: one motor and a magnetic encoder on its axle."""
