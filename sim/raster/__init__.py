"""A small software rasteriser: meshes in, colour, depth and segmentation out.

It draws what PyBullet's TinyRenderer draws (same sampling points, same light), in Numba kernels
on one thread: `meshes` reads files, `shapes` makes boxes and the like, `kernels` draws, `painter`
puts a world's bodies in front of a camera and keeps the background that does not move.
"""
