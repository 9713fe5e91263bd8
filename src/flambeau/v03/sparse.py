"""`torch.sparse` of 0.3: the typed names of sparse tensors."""

from .. import sparse as todays
from .faces import ELEMENTS

globals().update({f"{name}Tensor": todays.TYPED[f"{name}Tensor"] for name in ELEMENTS if name != "Half"})
