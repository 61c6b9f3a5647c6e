"""Small-angle scattering: patterns to averages and orientation, curves to sizes, periods and lattices."""
