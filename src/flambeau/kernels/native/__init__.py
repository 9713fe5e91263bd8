"""Kernels in C++ for the CPU: the same names and signatures as in `base`, which they override."""
