"""From a Keras model to a graph in which a format takes the cells through time."""
