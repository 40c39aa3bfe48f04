"""What all packages need of the operating system: whole files and folders, locks, journals, signals."""
