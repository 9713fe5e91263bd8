"""`torch.version` of 0.3."""

__version__ = "0.3.0"
debug = False
cuda = None
