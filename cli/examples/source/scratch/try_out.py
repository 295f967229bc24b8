"""A single loose file: not a module of the system, and it must not become one."""

print("just trying something")
