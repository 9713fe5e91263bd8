"""torch.for_onnx of 0.3, where its build put what it needed of ONNX; nothing in it was for programs."""
