"""Functions that 0.3 defined in Python, made of the operations that do their work here."""

from .function import Function

__all__ = ["Composed", "composed", "made"]


class Composed(Function):
    """A Function whose `compute` is made of operations, which record themselves.

    `F.apply(x, ..., options)`, as 0.3 called it; and `F(*options)(x, ...)`, as versions before 0.2 did.
    """

    def __init__(self, *options, **named):
        self.options, self.named = options, named

    @staticmethod
    def compute(*args, **named):
        """What `apply` gives for Variables and options."""
        raise NotImplementedError("a composed Function must define compute")

    @classmethod
    def apply(cls, *args, **named):
        """apply(*variables, *options) -> Variables"""
        return cls.compute(*args, **named)

    def __call__(self, *variables):
        return self.compute(*variables, *self.options, **self.named)


def composed(module, **functions):
    """composed(module, Name=function, ...) -> {name: Function}: a Function of this module for each; a function that is
    a string is the method of that name."""
    return {name: made(module, name, function) for name, function in functions.items()}


def made(module, name, function):
    """made(module, name, function) -> a Function of this module and name whose `compute` is the function."""
    if isinstance(function, str):
        method = function

        def function(x, *args, **named):
            return getattr(x, method)(*args, **named)

        function.__doc__ = f"apply(x, ...) -> x.{method}(...)"
    contents = {"__module__": module, "__doc__": function.__doc__, "compute": staticmethod(function)}
    return type(name, (Composed,), contents)
