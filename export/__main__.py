"""`python -m export`: the command `zoo export`."""

import sys

from zoo.cli import main

if __name__ == "__main__":
    main(["export", *sys.argv[1:]], prog_name="zoo")
