"""`Future`: a value that another thread will set."""

import threading

__all__ = ["Future", "collect_all", "wait_all"]


class Future:
    """Future(*, devices=None): a value that is set once, by `set_result` or `set_exception`."""

    def __init__(self, *, devices=None):
        self._condition = threading.Condition()
        self._done = False
        self._value = None
        self._error = None
        self._callbacks = []

    def done(self):
        """done() -> bool: whether the value or an error was set."""
        return self._done

    def wait(self):
        """wait() -> the value, when it is there. Raises the error that was set instead."""
        with self._condition:
            self._condition.wait_for(self.done)
        return self.value()

    def value(self):
        """value() -> the value. RuntimeError when it is not there yet; raises the error that was set instead."""
        if not self._done:
            raise RuntimeError("Future.value(): the future is not done yet; call wait()")
        if self._error is not None:
            raise self._error
        return self._value

    def set_result(self, result):
        """set_result(result): sets the value. RuntimeError when the future is done."""
        self._set(result, None)

    def set_exception(self, result):
        """set_exception(error): what wait() and value() raise."""
        if not isinstance(result, Exception):
            raise TypeError(f"{result} is of type {type(result)}, not an Exception.")
        self._set(None, result)

    def _set(self, value, error):
        with self._condition:
            if self._done:
                raise RuntimeError("Future.set_result(): the future is done already")
            self._value, self._error, self._done = value, error, True
            callbacks, self._callbacks = self._callbacks, []
            self._condition.notify_all()
        for callback in callbacks:
            callback(self)

    def add_done_callback(self, callback):
        """add_done_callback(callback): callback(future) is called when the future is done, or now when it is."""
        with self._condition:
            if not self._done:
                self._callbacks.append(callback)
                return
        callback(self)

    def then(self, callback):
        """then(callback) -> Future of callback(this future), which is called when this one is done."""
        result = Future()

        def call(future):
            try:
                value = callback(future)
            except Exception as error:
                result.set_exception(error)
            else:
                result.set_result(value)

        self.add_done_callback(call)
        return result


def collect_all(futures):
    """collect_all(futures) -> Future of the list of the futures, done when all of them are."""
    futures, result = list(futures), Future()
    left, lock = len(futures), threading.Lock()

    def count(_):
        nonlocal left
        with lock:
            left -= 1
            last = left == 0
        if last:
            result.set_result(futures)

    for future in futures:
        future.add_done_callback(count)
    if not futures:
        result.set_result(futures)
    return result


def wait_all(futures):
    """wait_all(futures) -> list of their values, when all are there."""
    return [future.wait() for future in collect_all(futures).wait()]
