"""`python -m redspots`: the command line."""

from app.cli import main

main()
