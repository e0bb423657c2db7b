import sim

sim.register()
