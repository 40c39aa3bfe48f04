"""`python -m redspots`: the command line."""

from redspots.command import main

main()
