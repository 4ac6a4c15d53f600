"""What the atlas holds: the one place that gathers layers, figures and programmes from files."""
