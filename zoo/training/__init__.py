"""Training: one way for every architecture and task, on one machine or several."""
