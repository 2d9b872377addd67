"""Agreement of artifacts with Keras."""
