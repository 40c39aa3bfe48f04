"""`python -m app.cli`: the same as `redspots`."""

from app.cli import main

main()
