"""Public datasets: from the official table to a checked manifest, and from its addresses to checked photos."""
