"""CUDA devices, through CuPy. `backend` is imported by the first use of CUDA."""
