"""Temperature, prior of `other`, threshold, levels, sets and energy, on photos held back."""
