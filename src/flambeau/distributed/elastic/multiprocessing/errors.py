"""`record`, the decorator of the main function of programs for `torchrun`."""

__all__ = ["record"]


def record(fn, error_handler=None):
    """record(fn) -> fn: its exceptions go to stderr, and the launcher says which rank failed, without further doing."""
    return fn
