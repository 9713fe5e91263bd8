"""PyTorch's place of the functions that make batches, which scripts import from here."""

from . import collate
