"""Conversions of dtype, copies, and writing over tensors."""

import numpy as np
import pytest

import flambeau as fb

METHODS = {
    "float": "float32", "double": "float64", "half": "float16", "bfloat16": "bfloat16", "int": "int32", "long": "int64",
    "short": "int16", "char": "int8", "byte": "uint8", "bool": "bool", "cfloat": "complex64", "cdouble": "complex128",
}  # fmt: skip


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("source", METHODS.values())
def test_conversion_methods(name, source):
    target = getattr(fb, METHODS[name])
    t = fb.tensor([0.0, 1.0, 2.0]).to(getattr(fb, source))
    converted = getattr(t, name)()
    assert converted.dtype is target and (converted is t) == (t.dtype is target)
    assert converted.cdouble().tolist() == ([0, 1, 1] if "bool" in (target.name, source) else [0, 1, 2])
    assert (
        t.to(target).tolist()
        == converted.tolist()
        == t.type(target).tolist()
        == t.type_as(converted).tolist()
    )


def test_complex_to_real_keeps_the_real_part():
    assert fb.tensor([1 + 2j]).float().tolist() == [1.0]
    assert fb.tensor([2j]).bool().tolist() == [True]


def test_floats_are_truncated():
    assert fb.tensor([1.9, -1.9]).long().tolist() == [1, -1]


def test_forms_of_to():
    t = fb.ones(2)
    other = fb.zeros(1, dtype=fb.float64)
    for converted in (t.to(fb.float64), t.to(dtype=fb.float64), t.to("cpu", fb.float64), t.to(fb.device("cpu"),
        fb.float64, True), t.to(other),
                      t.to(other=other), t.to(device="cpu", dtype=fb.float64, non_blocking=True)):  # fmt: skip
        assert converted.dtype is fb.float64 and converted.tolist() == [1.0, 1.0]
    assert t.to("cpu") is t and t.to(fb.float32) is t and t.to(t) is t
    for copied in (t.to(fb.float32, copy=True), t.to("cpu", copy=True), t.to(t, False, True)):
        assert copied is not t and copied.data_ptr() != t.data_ptr()
    with pytest.raises(TypeError, match="invalid combination of arguments"):
        t.to(1.5)


def test_gradient_of_a_conversion_has_the_dtype_of_the_input():
    x = fb.ones(2, requires_grad=True)
    (x.double() * 3).sum().backward()
    assert x.grad.dtype is fb.float32 and x.grad.tolist() == [3.0, 3.0]
    z = fb.tensor([1 + 1j], requires_grad=True)
    z.to(fb.float32).sum().backward()
    assert z.grad.tolist() == [1 + 0j]
    assert not fb.ones(2, requires_grad=True).long().requires_grad


def test_copy_converts_and_records():
    x, y = fb.zeros(2, 3, dtype=fb.float64), fb.tensor([1.0, 2.0, 3.0], requires_grad=True)
    assert x.copy_(y) is x and x.tolist() == [[1.0, 2.0, 3.0]] * 2 and x.grad_fn is not None
    x.sum().backward()
    assert y.grad.dtype is fb.float32 and y.grad.tolist() == [2.0, 2.0, 2.0]
    assert fb.zeros(2).copy_(3).tolist() == [3.0, 3.0]
    n = fb.zeros(2, dtype=fb.int64)
    assert n.copy_(fb.tensor([1.7, -1.7])).tolist() == [1, -1] and not n.requires_grad
    with pytest.raises(
        RuntimeError, match=r"output with shape \[3\] doesn't match the broadcast shape \[2, 3\]"
    ):
        fb.zeros(3).copy_(fb.zeros(2, 3))


def test_values_that_do_not_fit():
    for change in (
        lambda t: t.fill_(300),
        lambda t: t.__setitem__(0, 300),
        lambda t: t.masked_fill_(t == 0, 1e10),
    ):
        t = fb.zeros(2, dtype=fb.uint8)
        with pytest.raises(RuntimeError, match="without overflow"):
            change(t)
        assert t.tolist() == [0, 0] and t._version == 0
    assert fb.zeros(1, dtype=fb.int32).fill_(2.9).tolist() == [2]
    with pytest.raises(TypeError, match="must be Number, not str"):
        fb.zeros(1).fill_("a")


def test_clone_keeps_the_order_of_dimensions():
    t = fb.zeros(2, 3, 4).permute(2, 0, 1)
    assert t.clone().stride() == t.stride() and not t.clone()._is_view()
    assert fb.zeros(1, 3).expand(2, 3).clone().stride() == (3, 1)


def test_triangle_indices():
    for ours, theirs in ((fb.tril_indices, np.tril_indices), (fb.triu_indices, np.triu_indices)):
        for offset in (-1, 0, 2):
            indices = ours(3, 4, offset)
            assert indices.dtype is fb.int64
            np.testing.assert_array_equal(indices.numpy(), np.stack(theirs(3, offset, 4)))


@pytest.mark.parametrize("write", [
    lambda y: y.zero_(), lambda y: y.fill_(2.0), lambda y: y.fill_(fb.ones(())), lambda y: y.copy_(fb.ones(3)),
])  # fmt: skip
def test_the_gradient_of_what_is_written_over_is_zero(write):
    x = fb.ones(3, requires_grad=True)
    y = x * 2
    write(y)
    y.sum().backward()
    assert x.grad.tolist() == [0, 0, 0]


def test_nothing_is_the_gradient_of_a_constant_that_is_written_over():
    target, x = fb.zeros(3), fb.ones(3, requires_grad=True)
    target.copy_(x * 2)
    assert target.grad_fn(fb.ones(3))[0] is None
