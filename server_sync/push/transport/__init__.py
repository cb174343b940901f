"""Ways to bring sealed objects to a coach's machine: one contract, two stores, three wrappers."""
