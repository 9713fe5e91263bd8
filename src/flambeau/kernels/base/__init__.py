"""Reference kernels in array-API style: the oracle of, and the fallback for, the native ones."""
