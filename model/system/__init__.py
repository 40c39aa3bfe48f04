"""What all packages need of the operating system: whole files, locks, signals."""
