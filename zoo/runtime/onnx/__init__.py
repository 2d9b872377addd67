"""Reading, checking and running ONNX files."""
