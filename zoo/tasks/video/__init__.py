"""Labels for the frames of video."""
