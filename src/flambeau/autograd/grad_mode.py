"""Switching recording on and off, for the current thread: context managers that are decorators too."""

import functools
import inspect

from .. import _core

is_grad_enabled = _core.is_grad_enabled
is_inference_mode_enabled = _core.is_inference_mode_enabled


class _Mode:
    """A context manager that may decorate functions and generators (which have the mode only while they run)."""

    def _again(self):
        return type(self)()

    def __call__(self, function):
        if inspect.isclass(function):
            raise TypeError(
                f"{type(self).__name__} decorates functions, not classes: decorate the methods of {function.__name__}"
            )
        if inspect.isgeneratorfunction(function):

            @functools.wraps(function)
            def generator(*args, **kwargs):
                with self._again():
                    running = function(*args, **kwargs)
                    send, value = running.send, None
                try:
                    while True:
                        with self._again():
                            item = send(value)
                        try:
                            send, value = running.send, (yield item)
                        except GeneratorExit:
                            running.close()
                            raise
                        except BaseException as error:
                            send, value = running.throw, error
                except StopIteration as stop:
                    return stop.value

            return generator

        @functools.wraps(function)
        def wrapper(*args, **kwargs):
            with self._again():
                return function(*args, **kwargs)

        return wrapper


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
        self.previous = _core.set_grad_mode(True)

    def __exit__(self, *exception):
        _core.set_grad_mode(self.previous)


class set_grad_enabled(_Mode):
    """set_grad_enabled(mode): switches recording at once; as a context manager or decorator, for its extent."""

    def __init__(self, mode):
        self.mode = bool(mode)
        self.previous = _core.set_grad_mode(self.mode)

    def _again(self):
        return type(self)(self.mode)

    def __call__(self, function):
        _core.set_grad_mode(self.previous)  # as a decorator the mode holds inside the function only
        return super().__call__(function)

    def __enter__(self):
        _core.set_grad_mode(self.mode)

    def __exit__(self, *exception):
        _core.set_grad_mode(self.previous)


class inference_mode(_Mode):
    """with inference_mode(): like no_grad; tensors made inside cannot take part in recorded operations later."""

    def __new__(cls, mode=True):
        self = super().__new__(cls)
        if callable(mode):
            self.mode = True
            return self(mode)
        return self

    def __init__(self, mode=True):
        self.mode = bool(mode)

    def _again(self):
        return type(self)(self.mode)

    def __enter__(self):
        self.previous = _core.set_grad_mode(_core.is_grad_enabled() and not self.mode)
        self.previous_inference = _core.set_inference_mode(self.mode)

    def __exit__(self, *exception):
        _core.set_grad_mode(self.previous)
        _core.set_inference_mode(self.previous_inference)
