"""Plans made of steps that can be explained. Registered by hand, so nobody has to discover it."""
