"""Which views may be changed in place: views made without recording, several views of one op, inference tensors."""

import pytest

import flambeau as fb
from flambeau import _core, autograd


def leaf(values):
    return fb.tensor(values, dtype=fb.float64, requires_grad=True)


UNRECORDED = "A view was created in no_grad mode and is being modified inplace with grad mode enabled"


def unrecorded_view(of, view=lambda t: t[:1]):
    with fb.no_grad():
        return view(of)


@pytest.mark.parametrize("view", [lambda t: t[:1], lambda t: t.view(2, 1), lambda t: t.unsqueeze(0)])
@pytest.mark.parametrize(
    "change",
    [lambda v: v.mul_(2), lambda v: v.zero_(), lambda v: v.__setitem__(0, 5.0), lambda v: v.__iadd__(1)],
)
def test_view_made_without_recording(view, change):
    """Recording the change would give the view a history that its base lacks."""
    y = leaf([1.0, 2.0]) * 1
    seen = unrecorded_view(y, view)
    with pytest.raises(RuntimeError, match=UNRECORDED):
        change(seen)
    assert y.tolist() == [1.0, 2.0] and y._version == 0
    with fb.no_grad():
        change(seen)
    assert y.tolist() != [1.0, 2.0] and y._version == 1


def test_view_made_without_recording_and_a_recorded_operand():
    w = leaf([2.0])
    for base in (leaf([1.0, 2.0]) * 1, leaf([1.0, 2.0]), fb.ones(2, dtype=fb.float64)):
        with pytest.raises(RuntimeError, match=UNRECORDED):
            unrecorded_view(base).mul_(w)


def test_views_of_views_made_without_recording():
    view = unrecorded_view(leaf([1.0, 2.0]) * 1)
    with pytest.raises(RuntimeError, match=UNRECORDED):
        view.unsqueeze(0)[0].mul_(2)


def test_one_of_several_views_made_without_recording():
    y = leaf([1.0, 2.0]) * 1
    with pytest.raises(RuntimeError, match="modified inplace"):
        unrecorded_view(y, lambda t: t.chunk(2)[0]).mul_(2)
    assert y._version == 0


def test_view_made_without_recording_of_a_constant():
    base = fb.ones(2)
    unrecorded_view(base).mul_(3)
    assert base.tolist() == [3.0, 1.0]


SEVERAL = {
    "unbind": lambda t: t.unbind(0), "chunk": lambda t: t.chunk(2), "split": lambda t: t.split(1),
    "split_with_sizes": lambda t: t.split_with_sizes([1, 1]), "iteration": lambda t: list(t),
}  # fmt: skip


@pytest.mark.parametrize("name", SEVERAL)
def test_one_of_several_views(name):
    y = leaf([[1.0, 2.0], [3.0, 4.0]]) * 1
    second = SEVERAL[name](y)[1]
    with pytest.raises(
        RuntimeError, match="Output 1 of .* is a view and is being modified inplace.*multiple views"
    ):
        second.mul_(2)
    with pytest.raises(RuntimeError, match="multiple views"):
        second[..., :1].mul_(2)
    assert y._version == 0
    with fb.no_grad():
        second.mul_(2)
    assert y.tolist()[1] == [6.0, 8.0]


@pytest.mark.parametrize("name", SEVERAL)
def test_one_of_several_views_of_a_constant(name):
    base = fb.ones(2, 2, dtype=fb.float64)
    view = SEVERAL[name](base)[0]
    view.mul_(2)
    assert base.tolist() == [[2.0, 2.0], [1.0, 1.0]]
    with pytest.raises(RuntimeError, match="multiple views"):
        view.mul_(leaf([3.0]))


@pytest.mark.parametrize(
    "split",
    [
        lambda t: t.tensor_split(2), lambda t: t.tensor_split((1,)), lambda t: t.hsplit(2), lambda t: t.vsplit(2),
        lambda t: t.unsafe_chunk(2), lambda t: t.unsafe_split(1), lambda t: t.unsafe_split_with_sizes([1, 1]),
    ],
)  # fmt: skip
def test_parts_that_may_change(split):
    x = leaf([[1.0, 2.0], [3.0, 4.0]])
    y = x * 1
    first, second = split(y)
    first.mul_(2)
    second.mul_(3)
    (g,) = autograd.grad(y.sum(), x)
    assert sorted(sum(g.tolist(), [])) == [2.0, 2.0, 3.0, 3.0]


def test_unequal_sections():
    parts = fb.arange(8).tensor_split(3)
    assert [p.tolist() for p in parts] == [[0, 1, 2], [3, 4, 5], [6, 7]]
    assert [p.tolist() for p in fb.arange(2).tensor_split(4)] == [[0], [1], [], []]


def test_saved_views_notice_changes_of_the_base():
    y = leaf([1.0, 2.0]) * 1
    view = y[:1]
    z = view * view
    y.mul_(3)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        z.sum().backward()


def test_a_change_through_detach_is_noticed():
    y = leaf([1.0, 2.0]) * 1
    z = y * y
    y.detach().mul_(2)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        z.sum().backward()


@pytest.mark.parametrize(
    "part,gradient", [(lambda z: z.real, 3 + 1j), (lambda z: z.imag, 1 + 3j), (fb.view_as_real, 3 + 3j)]
)
def test_parts_of_complex_tensors(part, gradient):
    x = fb.tensor([1 + 2j], dtype=fb.complex128, requires_grad=True)
    saved = fb.tensor([2 + 1j], dtype=fb.complex128)
    y = x * saved
    part(saved).zero_()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.backward(fb.ones(1, dtype=fb.complex128))
    y = x * 1
    part(y).mul_(3)
    y.backward(fb.tensor([1 + 1j], dtype=fb.complex128))
    assert x.grad.item() == gradient


# ---- inference tensors


@pytest.fixture
def inference():
    with fb.inference_mode():
        return fb.ones(2, dtype=fb.float64)


def test_views_of_inference_tensors_are_inference_tensors(inference):
    for view in (inference[:1], inference.view(1, 2), inference.detach()):
        assert view.is_inference()
        with pytest.raises(RuntimeError, match="Inplace update to inference tensor outside InferenceMode"):
            view.add_(1)
    with pytest.raises(RuntimeError, match="Inplace update to inference tensor outside InferenceMode"):
        inference[0] = 3.0
    assert not inference.clone().is_inference() and not (inference + 1).is_inference()


def test_views_of_other_tensors_in_inference_mode():
    x = leaf([1.0, 2.0]) * 1
    with fb.inference_mode():
        view = x[:1]
        made = x * 2
    assert not view.is_inference() and made.is_inference()
    with pytest.raises(RuntimeError, match="modified inplace"):
        view.add_(1)


def test_inference_tensors_cannot_be_saved(inference):
    x = leaf([1.0, 2.0])
    assert (x + inference).requires_grad
    with pytest.raises(RuntimeError, match="Inference tensors cannot be saved for backward"):
        x * inference
    (x * inference.clone()).sum().backward()
    assert x.grad.tolist() == [1.0, 1.0]


def test_nothing_is_recorded_in_inference_mode():
    x = leaf([1.0])
    with fb.inference_mode():
        with fb.enable_grad():
            assert not (x * 2).requires_grad
        with fb.set_grad_enabled(True):
            assert not (x * 2).requires_grad
        with fb.inference_mode(False):
            assert fb.is_grad_enabled() and not fb.is_inference_mode_enabled() and (x * 2).requires_grad
        x.add_(1)
    assert x.tolist() == [2.0] and fb.is_grad_enabled()


def test_one_of_several_views_may_be_released():
    """Then its change is recorded as that of any view."""
    x = fb.tensor([1.0, 2, 3, 4], requires_grad=True)
    part = (x * 1).chunk(2)[1]
    with pytest.raises(RuntimeError, match="returns multiple views"):
        part.mul_(3)
    _core.allow_inplace(part)
    part.mul_(3)
    (part * part).sum().backward()
    assert x.grad.tolist() == [0, 0, 2 * 9 * 3, 2 * 9 * 4]
