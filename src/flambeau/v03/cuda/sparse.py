"""`torch.cuda.sparse` of 0.3: the typed names of sparse tensors on a GPU."""

from ...cuda import sparse as todays


def __getattr__(name):
    if name.startswith("__"):
        raise AttributeError(f"module 'torch.cuda.sparse' has no attribute '{name}'")
    return getattr(todays, name)
