"""Bodies and their control core: models, kinematics, dynamics, controllers.

Conventions, said once: SI units and radians; quaternions are (x, y, z, w); a frame
is named in the variable (`tool_in_base` is the tool's pose seen from the base).
"""
