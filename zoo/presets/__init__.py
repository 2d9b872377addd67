"""Presets: trained models on disk, their catalog and their pages."""

from pathlib import Path

SHIPPED = Path(__file__).parent.parent / "weights"
"""Folder of the presets in the package."""
CARD = "card.json"
"""File of a preset that describes the model."""
