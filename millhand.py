import sim
sim.register()
