"""state_dict and load_state_dict: contents, metadata, error texts, hooks, extra state."""

from collections import OrderedDict

import pytest

import flambeau as fb

from .parity import assert_close, raised

nn = fb.nn


def make(lib=fb):
    return lib.nn.Sequential(lib.nn.Linear(2, 3), lib.nn.BatchNorm1d(3))


KEYS = [
    "0.weight",
    "0.bias",
    "1.weight",
    "1.bias",
    "1.running_mean",
    "1.running_var",
    "1.num_batches_tracked",
]


def test_contents():
    net = make()
    state = net.state_dict()
    assert type(state) is OrderedDict
    assert list(state) == KEYS
    assert dict(state._metadata) == {"": {"version": 1}, "0": {"version": 1}, "1": {"version": 2}}
    assert not state["0.weight"].requires_grad
    assert state["0.weight"].data_ptr() == net[0].weight.data_ptr()
    assert net.state_dict(keep_vars=True)["0.weight"] is net[0].weight
    assert list(net.state_dict(prefix="net.")) == ["net." + key for key in KEYS]
    destination = OrderedDict(first=1)
    assert net.state_dict(destination=destination) is destination
    assert list(destination) == ["first", *KEYS]
    with pytest.warns(FutureWarning, match="Positional args are being deprecated"):
        assert "x.0.weight" in net.state_dict(OrderedDict(), "x.")


def test_buffers_that_are_not_persistent():
    net = nn.Module()
    net.register_buffer("a", fb.zeros(1), persistent=False)
    net.register_buffer("b", fb.zeros(1))
    net.register_buffer("c", None)
    assert list(net.state_dict()) == ["b"]
    net.register_buffer("a", fb.zeros(1))
    assert list(net.state_dict()) == ["a", "b"]


def test_loading_copies():
    source, target = make(), make()
    weight = target[0].weight
    result = target.load_state_dict(source.state_dict())
    assert repr(result) == "<All keys matched successfully>"
    assert (result.missing_keys, result.unexpected_keys) == ([], [])
    assert target[0].weight is weight
    assert_close(list(target.state_dict().values()), list(source.state_dict().values()))
    assert weight.data_ptr() != source[0].weight.data_ptr()
    assert weight.requires_grad
    assert weight.is_leaf


def test_loading_casts():
    source = make().double()
    target = make()
    target.load_state_dict(source.state_dict())
    assert target[0].weight.dtype == fb.float32
    assert_close(target[0].weight.double(), source[0].weight, rtol=1e-6)


def test_assign():
    source, target = make().double(), make()
    target[0].weight.requires_grad_(False)
    state = source.state_dict()
    target.load_state_dict(state, assign=True)
    assert target[0].weight.dtype == fb.float64
    assert target[0].weight.data_ptr() == state["0.weight"].data_ptr()
    assert isinstance(target[0].weight, nn.Parameter)
    assert not target[0].weight.requires_grad
    assert target[0].bias.requires_grad
    assert target[1].running_mean is state["1.running_mean"]


def _state(lib, **changes):
    state = make(lib).state_dict()
    for key, value in changes.items():
        key = key.replace("__", ".")
        if value is None:
            del state[key]
        else:
            state[key] = value
    return state


@pytest.mark.parametrize(
    "load",
    [
        lambda lib: make(lib).load_state_dict({}),
        lambda lib: make(lib).load_state_dict(_state(lib, **{"0__weight": None, "1__bias": None})),
        lambda lib: make(lib).load_state_dict(_state(lib, extra=lib.zeros(1), **{"0__gain": lib.zeros(1)})),
        lambda lib: make(lib).load_state_dict(
            _state(lib, **{"2__weight": lib.zeros(1), "0__weight__x": lib.zeros(1)})
        ),
        lambda lib: make(lib).load_state_dict(_state(lib, **{"0__weight": lib.zeros(3, 3)})),
        lambda lib: make(lib).load_state_dict(_state(lib, **{"0__weight": lib.zeros(3, 3), "0__bias": None})),
        lambda lib: make(lib).load_state_dict(_state(lib, **{"0__weight": lib.zeros(3, 3)}), strict=False),
        lambda lib: make(lib).load_state_dict(_state(lib, **{"0__weight": 3})),
        lambda lib: make(lib).load_state_dict([1, 2]),
        lambda lib: lib.nn.Linear(2, 3).load_state_dict({"weight": lib.zeros(3, 2)}),
    ],
)
def test_errors(load):
    torch = pytest.importorskip("torch")
    (ours, text), (theirs, expected) = raised(lambda: load(fb)), raised(lambda: load(torch))
    assert issubclass(ours, theirs) and text == expected


def test_error_text():
    _, text = raised(lambda: nn.Linear(2, 3).load_state_dict({"weight": fb.zeros(2, 2), "gain": fb.zeros(1)}))
    assert text == (
        "Error(s) in loading state_dict for Linear:\n"
        '\tMissing key(s) in state_dict: "bias". \n'
        '\tUnexpected key(s) in state_dict: "gain". \n'
        "\tsize mismatch for weight: copying a param with shape torch.Size([2, 2]) from checkpoint, "
        "the shape in current model is torch.Size([3, 2])."
    )


def test_not_strict():
    net = make()
    result = net.load_state_dict({"0.bias": fb.full((3,), 7.0), "other": fb.zeros(1)}, strict=False)
    assert result.missing_keys == [key for key in KEYS if key not in ("0.bias", "1.num_batches_tracked")]
    assert result.unexpected_keys == ["other"]
    assert (net[0].bias == 7).all()


def test_scalar_saved_with_one_element():
    net = nn.Module()
    net.scale = nn.Parameter(fb.tensor(1.0))
    net.load_state_dict({"scale": fb.tensor([4.0])})
    assert net.scale == 4
    assert net.scale.dim() == 0


def test_extra_state():
    class WithExtra(nn.Module):
        def __init__(self, value):
            super().__init__()
            self.value = value

        def get_extra_state(self):
            return {"value": self.value}

        def set_extra_state(self, state):
            self.value = state["value"]

    net = nn.Sequential(WithExtra(1))
    assert net.state_dict() == {"0._extra_state": {"value": 1}}
    other = nn.Sequential(WithExtra(2))
    other.load_state_dict(net.state_dict())
    assert other[0].value == 1
    with pytest.raises(RuntimeError, match='Missing key\\(s\\) in state_dict: "0._extra_state"'):
        other.load_state_dict({})
    with pytest.raises(RuntimeError, match='Unexpected key\\(s\\) in state_dict: "0._extra_state"'):
        nn.Sequential(nn.ReLU()).load_state_dict(net.state_dict())


def test_saving_hooks():
    net = make()
    seen = []
    net[0].register_state_dict_pre_hook(lambda m, prefix, keep_vars: seen.append((prefix, keep_vars)))

    def rename(module, state, prefix, metadata):
        state[prefix + "w"] = state.pop(prefix + "weight")

    handle = net[0].register_state_dict_post_hook(rename)
    assert list(net.state_dict())[:2] == ["0.bias", "0.w"]
    assert seen == [("0.", False)]
    handle.remove()
    assert list(net.state_dict()) == KEYS
    with (
        net[0].register_state_dict_post_hook(lambda *args: 3),
        pytest.raises(RuntimeError, match="must return None"),
    ):
        net.state_dict()
    net._register_state_dict_hook(lambda m, state, prefix, metadata: {"replaced": len(state)})
    assert net.state_dict() == {"replaced": 7}


def test_loading_hooks():
    net = make()
    seen = []

    def rename(module, state, prefix, metadata, strict, missing, unexpected, errors):
        seen.append((type(module).__name__, prefix, strict))
        if prefix + "w" in state:
            state[prefix + "weight"] = state.pop(prefix + "w")

    net[0].register_load_state_dict_pre_hook(rename)
    net[0]._register_load_state_dict_pre_hook(lambda state, prefix, *rest: seen.append(prefix))

    def forgive(module, keys):
        seen.append(type(module).__name__)
        keys.missing_keys.clear()

    net.register_load_state_dict_post_hook(forgive)
    state = net.state_dict()
    state["0.w"] = state.pop("0.weight")
    del state["0.bias"]
    net.load_state_dict(state)
    assert seen == [("Linear", "0.", True), "0.", "Sequential"]
    assert "0.w" in state  # the caller's dictionary is not changed


def test_versions_reach_the_module():
    class Versioned(nn.Module):
        _version = 3

        def _load_from_state_dict(self, state, prefix, metadata, *rest):
            self.saved_version = metadata.get("version")
            super()._load_from_state_dict(state, prefix, metadata, *rest)

    net = nn.Sequential(Versioned())
    net.load_state_dict(net.state_dict())
    assert net[0].saved_version == 3
    net.load_state_dict({})
    assert net[0].saved_version is None
