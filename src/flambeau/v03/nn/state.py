"""How 0.3 loads a state dictionary into a module."""

from ...tensor import Tensor
from ..faces import plain


def load_state_dict(module, state_dict, strict):
    """Copies the tensors of state_dict into the parameters and buffers of module, one after the other.

    A tensor of another size is copied as `copy_` does it, which broadcasts. strict: KeyError for a name that is
    nobody's at once, for missing ones at the end. RuntimeError for a tensor that does not fit.
    """
    own = module.state_dict()
    for name, given in state_dict.items():
        if name in own:
            _copy(name, own[name], given)
        elif strict and name.rpartition(".")[2] != "num_batches_tracked":  # which is of a later version
            raise KeyError(f'unexpected key "{name}" in state_dict')
    missing = {*own} - {*state_dict}
    if strict and missing:
        raise KeyError(f'missing keys in state_dict: "{missing}"')


def _copy(name, target, given):
    if not isinstance(given, Tensor):
        raise RuntimeError(f"While copying the parameter named {name}: expected a tensor, got {type(given).__name__}")
    try:
        target.copy_(plain(given))
    except Exception:
        raise RuntimeError(
            f"While copying the parameter named {name}, whose dimensions in the model are {target.size()} and whose "
            f"dimensions in the checkpoint are {given.size()}."
        ) from None
