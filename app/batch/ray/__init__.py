"""The same on many machines, in parts."""
