"""What the network sees, when, and how often."""
