"""`torch.utils.ffi` of 0.3: it compiled C against the headers of that version."""

__all__ = ["create_extension"]


def create_extension(name, headers, sources, verbose=True, with_cuda=False, package=False, relative_to=".", **kwargs):
    """create_extension(name, headers, sources, ...): RuntimeError, for sources that call the C functions of 0.3."""
    raise RuntimeError(
        f"torch.utils.ffi.create_extension({name!r}): sources that include 0.3's headers (TH.h, THC.h) cannot be "
        "compiled here, where these libraries do not exist. Write the operation as a torch.autograd.Function on "
        "tensors or, through x.numpy(), on NumPy arrays; ctypes can call a C library of your own with x.data_ptr()."
    )
