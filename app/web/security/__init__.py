"""What stands before page and interface: limits, refusals, login."""
