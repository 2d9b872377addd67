"""Running networks without Keras: signatures, the engine of an opened network, ONNX Runtime."""
