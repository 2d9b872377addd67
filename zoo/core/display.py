"""How results appear in notebooks: as their plots, or as their text or tables in HTML."""

import base64
import html
import tempfile
from pathlib import Path
from typing import Any

from zoo.errors import MissingExtra


def png(result: Any) -> bytes | None:
    """Return the plot of a result as PNG; None if Matplotlib is not installed.

    Args:
        result: Has a method `plot(path)`.
    """
    with tempfile.TemporaryDirectory() as folder:
        try:
            path: Path = result.plot(Path(folder) / "plot.png")
        except MissingExtra:
            return None
        return path.read_bytes()


class Plotted:
    """A result with a method `plot(path)`, which a notebook displays."""

    def _repr_png_(self) -> bytes | None:
        """Return the plot for a notebook."""
        return png(self)


class Printed:
    """A result whose text a notebook displays as it is printed."""

    def _repr_html_(self) -> str:
        """Return the text for a notebook."""
        return f"<pre>{html.escape(str(self))}</pre>"


def table(rows: dict[str, Any]) -> str:
    """Return rows of names and values as an HTML table."""
    lines = "".join(
        f"<tr><th>{html.escape(name)}</th><td>{html.escape(str(value))}</td></tr>" for name, value in rows.items()
    )
    return f"<table>{lines}</table>"


def audio(mp3: bytes) -> str:
    """Return a player of an MP3 file, as HTML."""
    return f'<audio controls src="data:audio/mpeg;base64,{base64.b64encode(mp3).decode()}"></audio>'


def picture(data: bytes) -> str:
    """Return a PNG file as HTML."""
    return f'<img src="data:image/png;base64,{base64.b64encode(data).decode()}">'
