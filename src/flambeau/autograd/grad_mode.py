"""Switching recording on and off, for the current thread: context managers that are decorators too.

In inference mode nothing is recorded, whatever is switched on inside it.
"""

import functools
import inspect
import warnings

from .. import _core

is_grad_enabled = _core.is_grad_enabled
is_inference_mode_enabled = _core.is_inference_mode_enabled


class _Mode:
    """A context manager that decorates functions and generators and coroutines, which have the mode while they run."""

    def clone(self):
        """clone() -> a context manager of the same mode."""
        return type(self)()

    def __call__(self, function):
        if inspect.isclass(function):
            warnings.warn(
                "Decorating classes is deprecated and will be disabled in future versions. You should only decorate "
                "functions or methods. To preserve the current behavior of class decoration, you can directly decorate "
                "the `__init__` method and nothing else.",
                FutureWarning,
                stacklevel=2,
            )
            function.__init__ = self(function.__init__)  # type: ignore[method-assign]
            return function
        if inspect.isgeneratorfunction(function):

            @functools.wraps(function)
            def generator(*args, **kwargs):
                with self.clone():
                    running = function(*args, **kwargs)
                return (yield from _driven(running, self))

            return generator
        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def coroutine(*args, **kwargs):
                return await _Awaitable(_driven(function(*args, **kwargs), self))

            return coroutine

        @functools.wraps(function)
        def wrapper(*args, **kwargs):
            with self.clone():
                return function(*args, **kwargs)

        return wrapper


def _driven(running, mode):
    """A generator that does what the generator or coroutine `running` does, which has the mode only while it runs."""
    send, value = running.send, None
    try:
        while True:
            with mode.clone():
                item = send(value)
            try:
                send, value = running.send, (yield item)
            except GeneratorExit:
                with mode.clone():
                    running.close()
                raise
            except BaseException as error:
                send, value = running.throw, error
    except StopIteration as stop:
        return stop.value


class _Awaitable:
    def __init__(self, running):
        self.running = running

    def __await__(self):
        return self.running


class no_grad(_Mode):
    """with no_grad(): operations are not recorded; results have requires_grad False."""

    def __new__(cls, function=None):
        self = super().__new__(cls)
        return self if function is None else self(function)

    def __enter__(self):
        self.previous = _core.set_grad_mode(False)

    def __exit__(self, *exception):
        _core.set_grad_mode(self.previous)


class enable_grad(_Mode):
    """with enable_grad(): operations are recorded, also inside no_grad()."""

    def __new__(cls, function=None):
        self = super().__new__(cls)
        return self if function is None else self(function)

    def __enter__(self):
        self.previous = _core.set_grad_mode(not _core.is_inference_mode_enabled())

    def __exit__(self, *exception):
        _core.set_grad_mode(self.previous)


class set_grad_enabled(_Mode):
    """set_grad_enabled(mode): switches recording at once; as a context manager or decorator, for its extent."""

    def __init__(self, mode):
        if not isinstance(mode, bool):
            raise TypeError(
                f"set_grad_enabled(): argument 'mode' (position 1) must be bool, not {type(mode).__name__}"
            )
        self.mode = mode
        self.previous = _core.is_grad_enabled()
        self.__enter__()

    def clone(self):
        return type(self)(self.mode)

    def __call__(self, function):
        _core.set_grad_mode(self.previous)  # as a decorator the mode holds inside the function only
        return super().__call__(function)

    def __enter__(self):
        _core.set_grad_mode(self.mode and not _core.is_inference_mode_enabled())

    def __exit__(self, *exception):
        _core.set_grad_mode(self.previous)


class inference_mode(_Mode):
    """with inference_mode(): like no_grad; tensors made inside cannot take part in recorded operations later.

    inference_mode(False) leaves it: operations are recorded again.
    """

    def __new__(cls, mode=True):
        self = super().__new__(cls)
        if callable(mode):
            self.mode = True
            return self(mode)
        return self

    def __init__(self, mode=True):
        self.mode = bool(mode)

    def clone(self):
        return type(self)(self.mode)

    def __enter__(self):
        self.previous = _core.set_grad_mode(not self.mode)
        self.previous_inference = _core.set_inference_mode(self.mode)

    def __exit__(self, *exception):
        _core.set_grad_mode(self.previous)
        _core.set_inference_mode(self.previous_inference)
