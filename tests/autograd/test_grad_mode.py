"""no_grad, enable_grad, set_grad_enabled, inference_mode: extent, nesting, decorators, threads."""

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


def test_classes_are_not_decorated():
    with pytest.raises(TypeError, match="decorates functions"):

        @fb.no_grad()
        class C:
            pass


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
