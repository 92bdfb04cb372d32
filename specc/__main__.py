"""`python -m specc` is `specc`."""

from .cli import main

main()
