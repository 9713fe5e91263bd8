"""What holds for every module of the table: derivatives, exchange of states with PyTorch, modes, copies, dtypes,
layouts, empty batches."""

import copy
import io
import pickle

import pytest

import flambeau as fb

from .parity import assert_close
from .table import CASES, WITHOUT_CASE, module_classes, one_of_each

torch = pytest.importorskip("torch")

pytestmark = [
    pytest.mark.filterwarnings("ignore:Using padding='same' with even"),
    pytest.mark.filterwarnings("ignore:reduction. 'mean' divides"),
    pytest.mark.filterwarnings("ignore:.NLLLoss2d. has been deprecated"),
    pytest.mark.filterwarnings("ignore:enable_nested_tensor is True"),
]
every_case = pytest.mark.parametrize("case", CASES, ids=lambda c: c.id)
every_class = pytest.mark.parametrize("case", one_of_each(), ids=lambda c: c.id)

# Modules that compute otherwise in evaluation, and those that draw random numbers in training.
RANDOM = {"Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "AlphaDropout", "FeatureAlphaDropout"}
# InstanceNorm2d has statistics in its case here.
WITH_STATISTICS = {"BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "InstanceNorm2d", "SyncBatchNorm"}

# Their gradients are those of PyTorch, which are no derivatives: that of normalised log-probabilities, and of windows
# shifted by one channel (see the docstring of CrossMapLRN2d).
NOT_DERIVATIVES = {"CTCLoss", "CrossMapLRN2d"}


def outputs(result):
    """The tensors of a result in a flat list."""
    if isinstance(result, (tuple, list)):
        return [t for part in result for t in outputs(part)]
    return [result]


def call(lib, module, inputs, seed=3):
    lib.manual_seed(seed)
    return outputs(module(*inputs))


def test_every_module_has_a_case():
    assert module_classes(fb.nn) == {c.name for c in CASES} | set(WITHOUT_CASE)


def test_nothing_is_listed_in_vain():
    assert not (RANDOM | WITH_STATISTICS | WRONG_WHEN_EMPTY | NOT_DERIVATIVES) - {c.name for c in CASES}


@pytest.mark.parametrize("case", [c for c in CASES if c.name not in NOT_DERIVATIVES], ids=lambda c: c.id)
def test_gradcheck(case):
    """The derivatives in the inputs and in the parameters."""
    (module,) = case.pair(fb)
    inputs = case.inputs(fb)
    floats = [i for i, t in enumerate(inputs) if t.is_floating_point()]
    names = [n for n, _ in module.named_parameters()]

    def function(*tensors):
        given = list(inputs)
        for i, t in zip(floats, tensors, strict=False):
            given[i] = t
        weights = dict(zip(names, tensors[len(floats) :], strict=True))
        fb.manual_seed(3)
        found = outputs(fb.func.functional_call(module, weights, tuple(given)))
        return tuple(t for t in found if t.is_floating_point())

    variables = [inputs[i] for i in floats] + [p.detach().clone() for p in module.parameters()]
    variables = [v.requires_grad_(True) for v in variables]
    assert fb.autograd.gradcheck(function, tuple(variables), fast_mode=True)


@every_case
def test_states_go_both_ways_through_files(case, tmp_path):
    ours, theirs = case.pair(fb, torch)
    torch.manual_seed(5)
    for p in theirs.parameters():
        torch.nn.init.normal_(p)
    torch.save(theirs.state_dict(), tmp_path / "theirs.pt")
    ours.load_state_dict(fb.load(tmp_path / "theirs.pt"))
    fb.save(ours.state_dict(), tmp_path / "ours.pt")
    (fresh,) = case.pair(torch, seed=1)
    fresh.load_state_dict(torch.load(tmp_path / "ours.pt", weights_only=True))
    expected = call(torch, theirs, case.inputs(torch))
    assert_close(call(fb, ours, case.inputs(fb)), expected)
    assert_close(call(torch, fresh, case.inputs(torch)), expected, rtol=0, atol=0)
    for key, value in theirs.state_dict().items():  # also what the call has changed
        assert_close(ours.state_dict()[key], value)


@every_class
def test_training_and_evaluation(case):
    """Dropout is off in evaluation, batch norm takes its running statistics; all others do not care."""
    (module,) = case.pair(fb)
    inputs = case.inputs(fb)
    in_training = call(fb, module, inputs)
    again = call(fb, module, inputs, seed=4)
    module.eval()
    in_evaluation = call(fb, module, inputs)
    equal = [bool(fb.equal(a, b)) for a, b in zip(in_training, in_evaluation, strict=True)]
    repeated = [bool(fb.equal(a, b)) for a, b in zip(in_training, again, strict=True)]
    assert all(equal) == (case.name not in RANDOM | WITH_STATISTICS)
    assert all(repeated) == (case.name not in RANDOM)
    assert not any(m.training for m in module.modules())


@every_class
@pytest.mark.parametrize(
    "copied",
    [copy.deepcopy, copy.copy, lambda m: pickle.loads(pickle.dumps(m))],
    ids=["deepcopy", "copy", "pickle"],
)
def test_copies(case, copied):
    (module,) = case.pair(fb)
    twin = copied(module)
    assert type(twin) is type(module) and repr(twin) == repr(module)
    assert_close(call(fb, twin, case.inputs(fb)), call(fb, copy.deepcopy(module), case.inputs(fb)))
    if copied is not copy.copy:
        assert not {id(p) for p in module.parameters()} & {id(p) for p in twin.parameters()}


@every_class
def test_saved_whole(case):
    """A module saved as a whole by us is loaded by us."""
    (module,) = case.pair(fb)
    file = io.BytesIO()
    fb.save(module, file)
    file.seek(0)
    twin = fb.load(file, weights_only=False)
    assert_close(call(fb, twin, case.inputs(fb)), call(fb, module, case.inputs(fb)))


def in_dtype(lib, case, dtype):
    """The result of the case in a dtype, or None where it is not implemented."""
    (module,) = case.pair(lib, double=False)
    inputs = [t.to(dtype) if t.is_floating_point() else t for t in case.inputs(lib)]
    try:
        return call(lib, module.to(dtype), inputs)
    except NotImplementedError:
        return None


@every_class
@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
def test_dtypes(case, dtype):
    """module.to(dtype) takes and gives that dtype wherever PyTorch does, as exactly."""
    theirs = in_dtype(torch, case, getattr(torch, dtype))
    if theirs is None:
        return
    ours = in_dtype(fb, case, getattr(fb, dtype))
    exact = in_dtype(fb, case, fb.float64)
    unit = {"float32": 1e-5, "bfloat16": 0.03, "float16": 4e-3}[dtype]
    for a, b, c in zip(ours, theirs, exact, strict=True):
        assert str(a.dtype) == str(b.dtype)
        if a.is_floating_point():
            a, b, c = (t.double().detach().numpy() for t in (a, b, c))
            assert (abs(a - c) <= unit * (1 + abs(c)) + 2 * abs(b - c)).all()


@every_class
@pytest.mark.parametrize("name, dtype", [("half", "float16"), ("bfloat16", "bfloat16"), ("float", "float32")])
def test_casting_methods(case, name, dtype):
    (module,) = case.pair(fb)
    assert getattr(module, name)() is module
    tensors = [*module.parameters(), *module.buffers()]
    assert {t.dtype for t in tensors if t.is_floating_point()} <= {getattr(fb, dtype)}


def outcome(lib, module, inputs, gradients=False):
    """Outputs (and gradients of the inputs), or the type of the error."""
    try:
        found = call(lib, module, inputs)
        if gradients:
            total = sum(t.sum() for t in found if t.requires_grad)
            total.backward()
            found = found + [t.grad for t in inputs if t.is_floating_point()]
        return found
    except Exception as error:
        return type(error).__name__


@every_class
def test_non_contiguous_inputs(case):
    ours, theirs = case.pair(fb, torch)

    def strided(lib):
        given = []
        for t in case.inputs(lib):
            wide = lib.stack([t, t, t], -1)
            t = wide[..., 1]
            given.append(t.requires_grad_(True) if t.is_floating_point() else t)
        return given

    assert_close(
        outcome(fb, ours, strided(fb), True), outcome(torch, theirs, strided(torch), True), rtol=1e-7
    )


@pytest.mark.parametrize("case", [c for c in one_of_each() if c.arrays[0].ndim in (4, 5)], ids=lambda c: c.id)
def test_channels_last(case):
    """Same numbers, and the memory format that PyTorch gives."""
    ours, theirs = case.pair(fb, torch)

    def last(lib):
        formats = {4: lib.channels_last, 5: lib.channels_last_3d}
        return [
            t.contiguous(memory_format=formats[t.dim()]) if t.dim() in formats else t
            for t in case.inputs(lib)
        ]

    a, b = call(fb, ours, last(fb)), call(torch, theirs, last(torch))
    assert_close(a, b, rtol=1e-7)
    # PyTorch's convolutions of volumes are row-major in float64, not in float32.
    if case.name not in ("Conv3d", "ConvTranspose3d", "CrossMapLRN2d"):
        assert [t.stride() for t in a] == [t.stride() for t in b]


@every_class
def test_without_gradients(case):
    """No graph under no_grad, nor when nothing requires grad; same numbers."""
    (module,) = case.pair(fb)
    plain = copy.deepcopy(module)
    for p in plain.parameters():
        p.requires_grad_(False)
    expected = call(fb, copy.deepcopy(module), case.inputs(fb))
    found = call(fb, plain, case.inputs(fb))
    with fb.no_grad():
        silent = call(fb, module, case.inputs(fb))
    assert_close(found, expected)
    assert_close(silent, expected)
    assert not any(t.requires_grad for t in found + silent)
    assert any(t.requires_grad for t in expected) == bool(list(module.parameters()))


# PyTorch fails here, in forward or backward, by a view of no elements or a sample it looks for; or its mean of no
# elements is what its memory held.
WRONG_WHEN_EMPTY = {
    "InstanceNorm2d",
    "PixelShuffle",
    "PixelUnshuffle",
    "MultiMarginLoss",
    "MultiLabelMarginLoss",
}


@every_class
def test_empty_batch(case):
    """No elements along the first dimension: the same shapes and gradients, or an error of the same type."""
    ours, theirs = case.pair(fb, torch)

    def given(lib):
        made = [lib.from_numpy(a[:0].copy()) for a in case.arrays]
        return [t.requires_grad_(True) if t.is_floating_point() else t for t in made]

    a, b = outcome(fb, ours, given(fb), True), outcome(torch, theirs, given(torch), True)
    if case.name in WRONG_WHEN_EMPTY:
        assert not isinstance(a, str)
    elif isinstance(a, str) or isinstance(b, str):
        assert a == b
    else:
        assert_close(a, b)
