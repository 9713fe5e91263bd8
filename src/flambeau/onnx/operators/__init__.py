"""How ops are written as ONNX nodes, by family; `registry.py` says what the functions get and give."""
