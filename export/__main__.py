"""`python -m export`: the command `zoo export`."""

from zoo.cli.main import export_

export_(prog_name="python -m export")
