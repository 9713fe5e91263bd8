"""no_grad, enable_grad, set_grad_enabled, inference_mode: extent, nesting, decorators, threads."""

import asyncio
import threading

import pytest

import flambeau as fb


def recorded():
    x = fb.ones(1, requires_grad=True)
    return (x * 2).requires_grad


def test_context_managers_nest():
    assert recorded()
    with fb.no_grad():
        assert not recorded() and not fb.is_grad_enabled()
        with fb.enable_grad():
            assert recorded()
        assert not recorded()
        with fb.set_grad_enabled(True):
            assert recorded()
        assert not recorded()
    assert recorded()


def test_the_mode_is_restored_after_an_exception():
    with pytest.raises(ValueError), fb.no_grad():
        raise ValueError
    assert fb.is_grad_enabled()


def test_set_grad_enabled_as_a_call():
    fb.set_grad_enabled(False)
    try:
        assert not recorded()
    finally:
        fb.set_grad_enabled(True)
    assert recorded()


@pytest.mark.parametrize(
    "mode",
    [
        lambda: fb.no_grad(),
        lambda: fb.no_grad,
        lambda: fb.inference_mode(),
        lambda: fb.set_grad_enabled(False),
    ],
)
def test_decorators(mode):
    @mode()
    def function(a, b=1):
        """doc"""
        return recorded(), a, b

    assert function(5, b=6) == (False, 5, 6)
    assert function.__doc__ == "doc"
    assert recorded()


def test_decorated_generators():
    @fb.no_grad()
    def generator():
        got = yield recorded()
        yield got, recorded()

    assert fb.is_grad_enabled()
    g = generator()
    assert next(g) is False
    assert fb.is_grad_enabled()
    assert g.send("sent") == ("sent", False)
    assert fb.is_grad_enabled()
    with pytest.raises(StopIteration):
        next(g)


def test_a_decorated_generator_is_closed_in_its_mode():
    log = []

    @fb.no_grad()
    def generator():
        try:
            yield 1
        except ValueError:
            log.append(fb.is_grad_enabled())
            yield 2
        finally:
            log.append(fb.is_grad_enabled())

    g = generator()
    next(g)
    assert g.throw(ValueError) == 2
    g.close()
    assert log == [False, False] and fb.is_grad_enabled()


def test_decorated_generators_return():
    @fb.no_grad()
    def generator():
        return 5
        yield

    with pytest.raises(StopIteration) as stop:
        next(generator())
    assert stop.value.value == 5


def test_decorated_coroutines_have_the_mode_while_they_run():
    @fb.no_grad()
    async def quiet():
        before = fb.is_grad_enabled()
        await asyncio.sleep(0)
        return before, fb.is_grad_enabled()

    async def others():
        seen = []
        for _ in range(4):
            seen.append(fb.is_grad_enabled())
            await asyncio.sleep(0)
        return seen

    async def main():
        return await asyncio.gather(quiet(), others())

    assert asyncio.run(main()) == [(False, False), [True] * 4]
    assert asyncio.iscoroutinefunction(quiet) and quiet.__name__ == "quiet"


def test_decorated_methods():
    class C:
        @fb.no_grad()
        def method(self):
            return fb.is_grad_enabled()

        @staticmethod
        @fb.no_grad()
        def static():
            return fb.is_grad_enabled()

        @property
        @fb.no_grad()
        def value(self):
            return fb.is_grad_enabled()

    assert (C().method(), C.static(), C().value) == (False, False, False)


def test_decorating_a_class_is_for_its_constructor():
    with pytest.warns(FutureWarning, match="Decorating classes is deprecated"):

        @fb.no_grad()
        class C:
            def __init__(self):
                self.recorded = fb.is_grad_enabled()

            def method(self):
                return fb.is_grad_enabled()

    assert not C().recorded and C().method()


def test_a_recursive_decorated_function():
    @fb.no_grad()
    def down(n):
        return [fb.is_grad_enabled()] + (down(n - 1) if n else [])

    assert down(3) == [False] * 4 and fb.is_grad_enabled()


def test_a_context_manager_used_again():
    mode, seen = fb.no_grad(), []
    for _ in range(2):
        with mode:
            seen.append(fb.is_grad_enabled())
        seen.append(fb.is_grad_enabled())
    assert seen == [False, True] * 2 and type(mode.clone()) is fb.no_grad


def test_set_grad_enabled_forms():
    switched = fb.set_grad_enabled(False)
    assert not fb.is_grad_enabled()
    with switched:
        assert not fb.is_grad_enabled()
    assert fb.is_grad_enabled()

    @fb.set_grad_enabled(False)
    def function():
        return fb.is_grad_enabled()

    assert fb.is_grad_enabled() and not function() and fb.is_grad_enabled()
    fb.set_grad_enabled(mode=True)
    for wrong in ("x", 1, None):
        with pytest.raises(TypeError, match="must be bool"):
            fb.set_grad_enabled(wrong)
    with pytest.raises(TypeError):
        fb.set_grad_enabled()


def test_inference_mode_belongs_to_the_thread():
    seen = []
    with fb.inference_mode():
        t = threading.Thread(
            target=lambda: seen.append((fb.is_grad_enabled(), fb.is_inference_mode_enabled()))
        )
        t.start()
        t.join()
    assert seen == [(True, False)]


def test_the_mode_belongs_to_the_thread():
    seen = []
    with fb.no_grad():
        t = threading.Thread(target=lambda: seen.append(fb.is_grad_enabled()))
        t.start()
        t.join()
    assert seen == [True]


def test_inference_mode():
    with fb.inference_mode():
        assert fb.is_inference_mode_enabled()
        x = fb.ones(2)
        assert x.is_inference() and not (x * 2).requires_grad
    assert not fb.is_inference_mode_enabled() and not fb.ones(2).is_inference()
    with pytest.raises(RuntimeError, match="inference tensor"):
        x.requires_grad_()
    with fb.inference_mode(False):
        assert recorded()
