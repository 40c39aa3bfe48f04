"""Temperature, prior of `other`, threshold, sets and energy, on photos held back."""
