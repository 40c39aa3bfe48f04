"""The network, where its weights start, and the loop on Lightning."""
