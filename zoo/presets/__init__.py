"""Presets: trained models on disk, their catalog and their pages."""
