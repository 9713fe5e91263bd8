"""autograd.Function: what forward may return, mark and save, and what in-place changes of its results do."""

import pytest

import flambeau as fb
from flambeau import autograd
from flambeau.autograd import Function


def leaf(values):
    return fb.tensor(values, dtype=fb.float64, requires_grad=True)


def function(forward, backward=None):
    """A Function of these two."""
    members = {"forward": staticmethod(forward)}
    if backward is not None:
        members["backward"] = staticmethod(backward)
    return type("F", (Function,), members)


# ---- results


def test_other_values_among_the_results():
    seen = []

    def backward(ctx, *grads):
        seen.append([None if g is None else g.tolist() for g in grads])
        return grads[0] * 2

    F = function(lambda ctx, x: (x * 2, 5, None, "text", x * 3, {"x": x}), backward)
    x = leaf([1.0])
    results = F.apply(x)
    assert results[1:4] == (5, None, "text") and results[5]["x"] is x
    assert results[0].requires_grad and results[4].requires_grad
    results[0].backward()
    assert seen == [[[1.0], None, None, None, [0.0], None]] and x.grad.tolist() == [2.0]


@pytest.mark.parametrize("value", [5, None, "text", {"a": 1}])
def test_a_result_that_is_no_tensor(value):
    assert function(lambda ctx, x: value).apply(leaf([1.0])) is value


def test_a_list_of_results_stays_a_list():
    result = function(lambda ctx, x: [x * 2, x * 3], lambda ctx, a, b: 2 * a + 3 * b).apply(leaf([1.0]))
    assert type(result) is list and all(r.requires_grad for r in result)


def test_integer_results_have_no_gradient():
    seen = []

    def backward(ctx, a, b, c):
        seen.append((b.dtype, c.dtype))
        return 2 * a

    F = function(lambda ctx, x: (x * 2, x > 0, x.long()), backward)
    results = F.apply(leaf([1.0]))
    assert [r.requires_grad for r in results] == [True, False, False]
    results[0].backward()
    assert seen == [(fb.bool, fb.int64)]


def test_the_same_result_twice():
    F = function(lambda ctx, x: (lambda y: (y, y))(x * 2), lambda ctx, a, b: 2 * a + 2 * b)
    x = leaf([1.0])
    a, b = F.apply(x)
    a.backward()
    assert x.grad.tolist() == [2.0]


def test_absent_gradients_have_shape_and_dtype_of_their_result():
    seen = []

    def backward(ctx, a, b):
        seen.append((b.dtype, tuple(b.shape), b.tolist()))
        return 2 * a

    function(lambda ctx, x: (x * 2, x.to(fb.float32).reshape(1, 1)), backward).apply(leaf([1.0]))[
        0
    ].backward()
    assert seen == [(fb.float32, (1, 1), [[0.0]])]


# ---- views


OF_FUNCTION = (
    r"Output 0 of F is a view and is being modified inplace\. This view was created inside a custom Function"
)
OF_SEVERAL = r"Output 0 of F is a view and is being modified inplace\. .* returns multiple views"


@pytest.mark.parametrize("forward", [lambda ctx, x: x, lambda ctx, x: x.view_as(x), lambda ctx, x: x[:1]])
def test_a_view_of_an_input_is_not_changed_in_place(forward):
    y = leaf([1.0, 2.0]) * 1
    out = function(forward, lambda ctx, g: 2 * g).apply(y)
    assert out._is_view() and out._base is y
    with pytest.raises(RuntimeError, match=OF_FUNCTION):
        out.mul_(2)
    assert y.tolist() == [1.0, 2.0] and y._version == 0


def test_the_custom_backward_is_not_lost_when_the_base_changes():
    y = leaf([1.0, 2.0]) * 1
    out = function(lambda ctx, x: x.view_as(x), lambda ctx, g: 2 * g).apply(y)
    y.mul_(3)
    with pytest.raises(
        RuntimeError,
        match="Output 0 of F is a view and its base or another view of its base has been modified",
    ):
        out.sum()


def test_several_results_of_which_one_is_a_view():
    y = leaf([1.0, 2.0]) * 1
    a, b = function(lambda ctx, x: (x.view_as(x), x * 2), lambda ctx, g, h: g + 2 * h).apply(y)
    with pytest.raises(RuntimeError, match=OF_SEVERAL):
        a.mul_(2)
    assert b.mul_(2).tolist() == [4.0, 8.0]


def test_a_view_of_what_forward_made_may_change():
    x = leaf([1.0, 2.0])
    out = function(lambda ctx, x: (x * 2).view(2, 1), lambda ctx, g: 2 * g.view(2)).apply(x)
    out.mul_(3)
    out.sum().backward()
    assert x.grad.tolist() == [6.0, 6.0]


def test_without_recording_results_may_change():
    x = fb.ones(2)
    out = function(lambda ctx, x: x, lambda ctx, g: g).apply(x)
    out.mul_(2)
    assert x.tolist() == [2.0, 2.0]


# ---- marks


def double(ctx, x, *others):
    x.mul_(2)
    ctx.mark_dirty(x)
    return (x, *others) if others else x


def test_a_changed_view_changes_the_history_of_its_base():
    x = leaf([1.0, 2.0, 3.0])
    base = x * 1
    view = base[1:]
    assert function(double, lambda ctx, g: 2 * g).apply(view) is view
    base.sum().backward()
    assert base.grad_fn.name() == "CopySlices" and x.grad.tolist() == [1.0, 2.0, 2.0]


def test_a_constant_that_forward_overwrites():
    def forward(ctx, x, y):
        x.copy_(y * 2)
        ctx.mark_dirty(x)
        return x

    x, y = fb.zeros(1, dtype=fb.float64), leaf([3.0])
    assert function(forward, lambda ctx, g: (None, 2 * g)).apply(x, y) is x
    x.backward()
    assert x.requires_grad and x._version == 2 and y.grad.tolist() == [2.0]


def test_a_changed_view_and_another_result():
    view = (leaf([1.0, 2.0]) * 1)[1:]
    with pytest.raises(RuntimeError, match="FBackward: .*modifies inplace an input that is a view"):
        function(double, lambda ctx, g, h: (2 * g, h)).apply(view, leaf([1.0]))


def test_what_was_changed_must_be_returned():
    def forward(ctx, x):
        double(ctx, x)
        return x * 1

    with pytest.raises(
        RuntimeError, match="FBackward: Some elements marked as dirty .* were not returned as output"
    ):
        function(forward).apply(leaf([1.0]) * 1)


@pytest.mark.parametrize(
    "mark,error,match",
    [
        (lambda ctx: ctx.mark_dirty(5), RuntimeError, "mark_dirty can only accept .* 0 is of type int"),
        (lambda ctx: ctx.mark_non_differentiable("x"), RuntimeError, "only accepts variable arguments, but got str"),
        (lambda ctx: ctx.save_for_backward(None, 5), TypeError,
         "FBackward: save_for_backward can only save variables, but argument 1 is of type int"),
    ],
)  # fmt: skip
def test_only_tensors_are_marked_and_saved(mark, error, match):
    def forward(ctx, x):
        mark(ctx)
        return x * 2

    with pytest.raises(error, match=match):
        function(forward).apply(leaf([1.0]))


def test_nothing_is_recorded_when_no_result_has_a_gradient():
    def forward(ctx, x):
        y = x * 2
        ctx.mark_non_differentiable(y)
        return y

    y = function(forward, lambda ctx, g: g).apply(leaf([1.0]))
    assert not y.requires_grad and y.grad_fn is None


def test_none_is_saved_and_saving_again_replaces():
    seen = []

    def forward(ctx, x):
        ctx.save_for_backward(x)
        ctx.save_for_backward(None, x * 3)
        return x * 2

    def backward(ctx, g):
        seen.extend(ctx.saved_tensors)
        assert ctx.saved_variables[0] is None
        return 2 * g

    function(forward, backward).apply(leaf([1.0])).backward()
    assert seen[0] is None and seen[1].tolist() == [3.0] and len(seen) == 2


def test_a_changed_saved_tensor_names_the_function():
    def forward(ctx, x, w):
        ctx.save_for_backward(w)
        return x * w

    w = fb.ones(1, dtype=fb.float64)
    y = function(forward, lambda ctx, g: (g * ctx.saved_tensors[0], None)).apply(leaf([1.0]), w)
    w.add_(1)
    with pytest.raises(RuntimeError, match="saved by FBackward, is at version 1; expected version 0"):
        y.backward()


def test_attributes_of_ctx_are_the_users():
    """Names that mean something on the nodes of ops are free on a Function's."""

    def forward(ctx, x, k):
        assert not hasattr(ctx, "k") and not hasattr(ctx, "saved")
        ctx.k, ctx.needs, ctx.recording, ctx.saved = k, "n", "r", "s"
        return x * k

    def backward(ctx, g):
        assert (ctx.needs, ctx.recording, ctx.saved) == ("n", "r", "s")
        return g * ctx.k, None

    x = leaf([1.0])
    y = function(forward, backward).apply(x, 7)
    y.backward()
    assert x.grad.tolist() == [7.0] and y.grad_fn.k == 7


def test_needs_input_grad_does_not_depend_on_the_mode():
    seen = []

    def forward(ctx, x, y, n):
        seen.append(ctx.needs_input_grad)
        return x * n

    F = function(forward, lambda ctx, g: (g, None, None))
    F.apply(leaf([1.0]), fb.ones(1), 2)
    with fb.no_grad():
        assert not F.apply(leaf([1.0]), fb.ones(1), 2).requires_grad
    assert seen == [(True, False, False)] * 2


# ---- what backward returns


def test_backward_runs_also_without_a_gradient():
    """None from one backward arrives as zeros in the next, or as None, and counts as zero."""
    seen = []

    def backward(ctx, g):
        seen.append(None if g is None else g.tolist())
        return g

    def bare(ctx, x):
        ctx.set_materialize_grads(False)
        return x * 2

    nothing = function(lambda ctx, x: x * 2, lambda ctx, g: None)
    x = leaf([1.0])
    nothing.apply(function(lambda ctx, x: x * 2, backward).apply(x)).backward()
    assert seen == [[0.0]] and x.grad.tolist() == [0.0]
    x.grad = None
    nothing.apply(function(bare, backward).apply(x * 1)).backward()
    assert seen == [[0.0], None] and x.grad is None


def product(ctx, x, y):
    return x * y


def test_one_none_for_two_arguments_is_too_few():
    with pytest.raises(
        RuntimeError, match=r"FBackward returned an incorrect number of gradients \(expected 2, got 1\)"
    ):
        function(product, lambda ctx, g: None).apply(leaf([1.0]), leaf([1.0])).backward()


def test_gradients_nobody_asked_for_are_checked_too():
    with pytest.raises(TypeError, match="FBackward returned a gradient of type str at index 1"):
        function(product, lambda ctx, g: (g, "no")).apply(leaf([1.0]), fb.ones(1)).backward()


def test_a_complex_gradient_of_a_real_argument():
    with pytest.raises(
        RuntimeError, match="FBackward returned an invalid gradient at index 0 - got a complex gradient"
    ):
        function(lambda ctx, x: x * 2, lambda ctx, g: g * 1j).apply(leaf([1.0])).backward()


def test_gradients_are_cast_to_the_dtype_of_the_argument():
    x = leaf([1.0])
    function(lambda ctx, x: x * 2, lambda ctx, g: 2 * g.float()).apply(x).backward()
    assert x.grad.dtype is fb.float64 and x.grad.tolist() == [2.0]


def test_errors_pass_through_and_restore_the_mode():
    def fail(ctx, x):
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        function(fail).apply(leaf([1.0]))
    assert fb.is_grad_enabled()
    with pytest.raises(KeyError, match="mine"):
        function(lambda ctx, x: x * 2, fail).apply(leaf([1.0])).backward()
    assert fb.is_grad_enabled()


# ---- further forms


def test_vjp_is_backward():
    class V(Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def vjp(ctx, g):
            return 2 * g

    class Both(V):
        @staticmethod
        def backward(ctx, g):
            return 3 * g

    x = leaf([1.0])
    V.apply(x).backward()
    assert x.grad.tolist() == [2.0]
    with pytest.raises(RuntimeError, match="Implementing both 'backward' and 'vjp'"):
        Both.apply(x).backward()


def test_setup_context_sees_inputs_and_results():
    class F(Function):
        @staticmethod
        def forward(x, k):
            return x * k, x + k

        @staticmethod
        def setup_context(ctx, inputs, output):
            assert type(inputs) is tuple and type(output) is tuple and ctx.needs_input_grad == (True, False)
            ctx.k = inputs[1]
            ctx.save_for_backward(inputs[0], output[0])
            ctx.set_materialize_grads(False)

        @staticmethod
        def backward(ctx, g, h):
            assert h is None and [t.tolist() for t in ctx.saved_tensors] == [[2.0], [8.0]]
            return g * ctx.k, None

    x = leaf([2.0])
    F.apply(x, 4)[0].backward()
    assert x.grad.tolist() == [4.0]


def test_functions_in_functions():
    square = function(
        lambda ctx, x: (ctx.save_for_backward(x), x * x)[1], lambda ctx, g: 2 * g * ctx.saved_tensors[0]
    )

    def forward(ctx, x):
        with fb.enable_grad():
            z = x.detach().requires_grad_()
            y = square.apply(z) * 3
            (slope,) = autograd.grad(y.sum(), z)
        ctx.save_for_backward(slope)
        return y.detach()

    outer = function(forward, lambda ctx, g: square.apply(g) * ctx.saved_tensors[0])
    x = leaf([1.0, 2.0])
    (g,) = autograd.grad(outer.apply(x).sum(), x, create_graph=True)
    assert g.tolist() == [6.0, 12.0]


def test_second_derivatives_by_a_function_of_its_own():
    class Slope(Function):
        @staticmethod
        def forward(ctx, x, g):
            ctx.save_for_backward(x, g)
            return 3 * x * x * g

        @staticmethod
        def backward(ctx, h):
            x, g = ctx.saved_tensors
            return 6 * x * g * h, 3 * x * x * h

    class Cube(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x**3

        @staticmethod
        def backward(ctx, g):
            return Slope.apply(ctx.saved_tensors[0], g)

    x = leaf([1.0, 2.0])
    assert autograd.gradcheck(Cube.apply, x) and autograd.gradgradcheck(Cube.apply, x)
    (g,) = autograd.grad(Cube.apply(x).sum(), x, create_graph=True)
    (h,) = autograd.grad(g.sum(), x, create_graph=True)
    assert h.tolist() == [6.0, 12.0]
    assert autograd.grad(h.sum(), x)[0].tolist() == [6.0, 6.0]


def test_many_arguments():
    def backward(ctx, g):
        return tuple(g.expand(2) * i for i in range(12))

    leaves = [leaf([1.0, 2.0]) for _ in range(12)]
    function(lambda ctx, *xs: sum(x.sum() for x in xs), backward).apply(*leaves).backward()
    assert [x.grad.tolist() for x in leaves] == [[i, i] for i in range(12)]
