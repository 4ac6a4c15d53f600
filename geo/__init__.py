"""Where things are: layers, positions, perimeters. No indicator, no money rule, no interface."""
