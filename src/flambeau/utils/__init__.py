"""Tools around tensors and models; each submodule is imported on first use."""
