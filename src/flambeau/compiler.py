"""What programs say to PyTorch's compiler: marks and questions. There is no compiler: programs run as Python."""

__all__ = ["allow_in_graph", "disable", "is_compiling", "is_dynamo_compiling", "is_exporting"]


def is_compiling():
    """is_compiling() -> bool: False: what runs is Python."""
    return False


def is_dynamo_compiling():
    """is_dynamo_compiling() -> bool: False: what runs is Python."""
    return False


def is_exporting():
    """is_exporting() -> bool: False: what runs is Python."""
    return False


def allow_in_graph(fn):
    """allow_in_graph(fn) -> fn: marks a function that a compiler should not look into."""
    return fn


def disable(fn=None, recursive=True, *, reason=None):
    """disable(fn) -> fn, or disable() -> a decorator: marks a function that a compiler should leave to Python."""
    return allow_in_graph if fn is None else fn
