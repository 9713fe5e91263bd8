"""utils.summary: numbers against hand computations, the table, and a model that is left as it was."""

import pytest

import flambeau as fb
from flambeau import nn
from flambeau.utils import ModelSummary, summary
from flambeau.utils.multiply_adds import FORMULAS, multiply_adds


class LeNet(nn.Module):
    """LeNet-5 in today's form, on 28 x 28 digits."""

    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(inplace=True), nn.MaxPool2d(2),
            nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2),
        )  # fmt: skip
        self.classifier = nn.Sequential(
            nn.Flatten(), nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10)
        )

    def forward(self, x):
        return self.classifier(self.features(x))


def test_lenet_by_hand(capsys):
    result = summary(LeNet(), (2, 1, 28, 28), verbose=0)
    assert capsys.readouterr().out == ""
    assert result.total_params == (25 + 1) * 6 + (6 * 25 + 1) * 16 + 401 * 120 + 121 * 84 + 85 * 10 == 61706
    convolutions = 28 * 28 * 6 * 25 + 10 * 10 * 16 * 6 * 25
    assert result.total_mult_adds == 2 * (convolutions + 400 * 120 + 120 * 84 + 84 * 10)
    assert result.total_input == 2 * 28 * 28 * 4
    assert result.total_param_bytes == 4 * 61706
    # Without the ReLU in place and the view of Flatten.
    outputs = 6 * 28 * 28 + 6 * 14 * 14 + 16 * 10 * 10 * 2 + 16 * 5 * 5 + 120 * 2 + 84 * 2 + 10
    assert result.total_output_bytes == 2 * 4 * outputs
    assert [layer.class_name for layer in result.summary_list][:4] == ["LeNet", "Sequential", "Conv2d", "ReLU"]
    first = result.summary_list[2]
    assert (first.name, first.depth, first.kernel_size) == ("0", 2, (5, 5))
    assert (first.input_size, first.output_size) == ((2, 1, 28, 28), (2, 6, 28, 28))
    assert first.num_params == 156 and first.mult_adds == 2 * 117600


def test_recurrent_networks_by_hand():
    length, batch, inputs, hidden, projected = 5, 3, 10, 20, 4
    lstm = summary(nn.LSTM(inputs, hidden, 2), (length, batch, inputs), verbose=0)
    gates = 4 * hidden * (inputs + hidden) + 4 * hidden * (hidden + hidden)
    assert lstm.total_mult_adds == length * batch * gates
    assert lstm.total_params == gates + 2 * 2 * 4 * hidden
    assert lstm.layers.output_size == [(5, 3, 20), (2, 3, 20), (2, 3, 20)]
    both = summary(nn.GRU(inputs, hidden, bidirectional=True), (length, batch, inputs), verbose=0)
    assert both.total_mult_adds == length * batch * 2 * 3 * hidden * (inputs + hidden)
    small = summary(nn.LSTM(inputs, hidden, proj_size=projected), (length, batch, inputs), verbose=0)
    assert small.total_mult_adds == length * batch * (4 * hidden * (inputs + projected) + hidden * projected)
    cell = summary(nn.GRUCell(inputs, hidden), (batch, inputs), verbose=0)
    assert cell.total_mult_adds == batch * 3 * hidden * (inputs + hidden)
    packed = nn.utils.rnn.pack_sequence([fb.ones(4, inputs), fb.ones(2, inputs)])
    ragged = summary(nn.RNN(inputs, hidden), input_data=[packed], verbose=0)
    assert ragged.total_mult_adds == 6 * hidden * (inputs + hidden)


@pytest.mark.parametrize("batch_first", [False, True])
def test_transformer_layer_by_hand(batch_first):
    length, batch, size, inner = 5, 2, 8, 16
    layer = nn.TransformerEncoderLayer(size, 2, inner, batch_first=batch_first)
    shape = (batch, length, size) if batch_first else (length, batch, size)
    attention = 4 * length * size**2 + 2 * length**2 * size
    forward = 2 * length * size * inner
    norms = 2 * length * size
    result = summary(layer, shape, verbose=0)
    assert result.total_mult_adds == batch * (attention + forward + norms)
    assert result.total_params == 4 * (size + 1) * size + (size + 1) * inner + (inner + 1) * size + 4 * size


def test_attention_to_other_sequences():
    attention = nn.MultiheadAttention(8, 2, kdim=6, vdim=4)
    inputs = {"query": fb.ones(5, 2, 8), "value": fb.ones(7, 2, 4), "key": fb.ones(7, 2, 6)}
    result = summary(attention, input_data=inputs, verbose=0)
    assert result.total_mult_adds == 2 * (5 * 8 * 8 + 7 * 8 * (6 + 4) + 2 * 5 * 7 * 8 + 5 * 8 * 8)
    one = summary(nn.MultiheadAttention(8, 2), input_data=[fb.ones(5, 8)] * 3, verbose=0)
    assert one.total_mult_adds == 4 * 5 * 8 * 8 + 2 * 5 * 5 * 8


LAYERS = [
    (nn.Linear(4, 3), [(2, 5, 4)], 2 * 5 * 3 * 4),
    (nn.Bilinear(4, 5, 3), [(2, 4), (2, 5)], 2 * 3 * 4 * (5 + 1)),
    (nn.Conv1d(4, 6, 3, groups=2), [(1, 4, 10)], 6 * 8 * 2 * 3),
    (nn.Conv3d(2, 3, 2, stride=2), [(2, 4, 4, 4)], 3 * 8 * 2 * 8),
    (nn.ConvTranspose2d(4, 6, 3, groups=2, stride=2), [(1, 4, 5, 5)], 4 * 25 * 3 * 9),
    (nn.BatchNorm2d(3), [(2, 3, 4, 4)], 2 * 3 * 16),
    (nn.BatchNorm2d(3, affine=False), [(2, 3, 4, 4)], 0),
    (nn.InstanceNorm1d(3, affine=True), [(2, 3, 4)], 24),
    (nn.GroupNorm(3, 6), [(2, 6, 4)], 48),
    (nn.LayerNorm(4), [(2, 4)], 8),
    (nn.RMSNorm(4), [(2, 4)], 8),
    (nn.PReLU(), [(2, 4)], 8),
    (nn.RNNCell(3, 5), [(2, 3)], 2 * 5 * 8),
    (nn.MaxPool2d(2), [(1, 1, 4, 4)], 0),
]


@pytest.mark.parametrize("layer, shapes, expected", LAYERS, ids=[type(layer).__name__ for layer, _, _ in LAYERS])
def test_formulas(layer, shapes, expected):
    assert summary(layer, shapes, verbose=0).total_mult_adds == expected


def test_every_formula_is_tested_and_documented():
    import flambeau.utils.multiply_adds as table

    tested = {cls for layer, _, _ in LAYERS for cls in FORMULAS if isinstance(layer, cls)}
    assert tested | {nn.RNNBase, nn.MultiheadAttention} == set(FORMULAS)
    for name in ("Linear", "Bilinear", "ConvTranspose", "LSTM", "MultiheadAttention", "RMSNorm", "PReLU"):
        assert name in table.__doc__
    assert multiply_adds(nn.ReLU(), [fb.ones(2)], fb.ones(2)) == 0


def test_module_used_twice():
    layer = nn.Linear(4, 4)
    result = summary(nn.Sequential(layer, nn.ReLU(), layer), (2, 4), verbose=0)
    assert result.total_params == 20 and result.total_mult_adds == 2 * 2 * 16
    assert [row.again for row in result.layers.children] == [False, False, True]
    assert str(result).count("(again)") == 1


def test_shared_parameter_counts_once():
    a, b = nn.Linear(4, 4), nn.Linear(4, 4)
    b.weight = a.weight
    assert summary(nn.Sequential(a, b), (1, 4), verbose=0).total_params == 16 + 2 * 4


def test_frozen_parameters():
    net = nn.Sequential(nn.Linear(4, 3), nn.Linear(3, 2))
    net[0].requires_grad_(False)
    result = summary(net, (1, 4), col_names=["trainable", "num_params"], verbose=0)
    assert (result.trainable_params, result.non_trainable_params) == (8, 15)
    assert [line.split()[3:4] for line in str(result).splitlines()[3:5]] == [["no"], ["yes"]]


class Two(nn.Module):
    def __init__(self):
        super().__init__()
        self.table = nn.Embedding(10, 4)
        self.out = nn.ModuleList([nn.Linear(6, 2), nn.Linear(6, 3)])
        self.spare = nn.Linear(1, 1)

    def forward(self, words, x, which=0):
        return {"y": self.out[which](fb.cat([self.table(words), x], 1))}


def test_several_inputs():
    result = summary(Two(), [(3,), (3, 2)], dtypes=[fb.int64, fb.float32], verbose=0, which=1)
    assert result.layers.input_size == [(3,), (3, 2)] and result.layers.output_size == (3, 3)
    assert result.total_input == 3 * 8 + 6 * 4
    same = summary(Two(), input_data=[fb.zeros(3, dtype=fb.int64), fb.ones(3, 2)], verbose=0)
    assert same.total_mult_adds == 3 * 6 * 2
    named = {"x": fb.ones(3, 2), "words": fb.zeros(3, dtype=fb.int64)}
    assert summary(Two(), input_data=named, verbose=0).total_mult_adds == 3 * 6 * 2


def test_modules_that_are_not_called_have_rows():
    result = summary(Two(), [(3,), (3, 2)], dtypes=[fb.int64, fb.float32], verbose=0)
    rows = {layer.name: layer for layer in result.layers.children}
    assert list(rows) == ["table", "out.0", "out.1", "spare"]
    assert rows["out.0"].called and not rows["out.1"].called and not rows["spare"].called
    assert sum(row.num_params for row in rows.values()) == result.total_params


def test_without_input_the_model_is_not_run():
    class Unrunnable(nn.Linear):
        def forward(self, x):
            raise AssertionError

    result = summary(nn.Sequential(Unrunnable(2, 3), nn.ReLU()), verbose=0)
    assert result.total_params == 9 and result.total_mult_adds == 0
    assert "Multiply-adds" not in str(result) and "Unrunnable" in str(result)


def test_depth_and_columns(capsys):
    result = summary(LeNet(), (1, 28, 28), batch_dim=0, depth=1, verbose=1, col_width=14, row_settings=["ascii_only"],
                     col_names=["kernel_size", "params_percent", "num_params", "mult_adds"])  # fmt: skip
    text = str(result)
    assert capsys.readouterr().out == text + "\n" == repr(result) + "\n"
    assert text.splitlines()[2:5] == [
        "LeNet          --              --              --              --",
        "+- Sequential  --              4.17%           2,572           357,600",
        "+- Sequential  --              95.83%          59,134          58,920",
    ]
    assert text.isascii() and "Multiply-adds:                       416,520" in text
    deeper = str(summary(LeNet(), (1, 1, 28, 28), row_settings=["depth", "var_names"], verbose=0))
    assert "│  ├─ 3 (Conv2d): 2" in deeper and "└─ classifier (Sequential): 1" in deeper
    assert len(str(summary(LeNet(), (1, 1, 28, 28), depth=0, verbose=0)).splitlines()) == 12


def test_dtype_and_device_are_the_parameters():
    result = summary(nn.Linear(2, 2).double(), (1, 2), verbose=0)
    assert result.total_input == 16 and result.total_output_bytes == 16


def test_the_model_is_left_as_it_was():
    net = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Dropout(), nn.utils.spectral_norm(nn.Linear(4, 2)))
    net[2].eval()
    before = {name: t.clone() for name, t in net.state_dict().items()}
    fb.manual_seed(3)
    expected = fb.rand(3)
    for mode in ("train", "eval", "same"):
        fb.manual_seed(3)
        summary(net, (5, 3), mode=mode, verbose=0)
        assert fb.equal(fb.rand(3), expected)
        assert [m.training for m in net] == [True, True, False, True]
        assert all(fb.equal(t, before[name]) for name, t in net.state_dict().items())
        assert not any(m._forward_hooks for m in net.modules()) and len(net[3]._forward_pre_hooks) == 1
        assert all(p.grad is None for p in net.parameters())
    net.eval()(fb.ones(1, 3))
    assert not net[0]._hooked


def test_mode_reaches_the_model():
    seen = []

    class Watch(nn.Identity):
        def forward(self, x):
            seen.append((self.training, fb.is_grad_enabled()))
            return x

    for mode in ("eval", "train", "same"):
        summary(Watch().eval(), (1,), mode=mode, verbose=0)
    assert seen == [(False, False), (True, False), (False, False)]


def test_failing_forward():
    net = nn.Sequential(nn.Linear(2, 3), nn.Linear(4, 1))
    with pytest.raises(RuntimeError, match=r"Sequential failed with .*Layers that were run: \['Linear'\]"):
        summary(net, (1, 2), verbose=0)
    assert net.training and not any(m._forward_hooks or m._forward_pre_hooks for m in net.modules())


@pytest.mark.parametrize(
    "options, text",
    [
        ({"mode": "other"}, "mode must be"),
        ({"input_size": (1, 2), "input_data": fb.ones(1, 2)}, "not both"),
        ({"input_size": (1, 2), "col_names": ["size"]}, "unknown col_names"),
        ({"input_size": (1, 2), "row_settings": ["size"]}, "unknown row_settings"),
        ({"input_size": (1, 0)}, "input_size must be a shape"),
        ({"input_size": [(1, 2), "x"]}, "input_size must be a shape"),
        ({"input_size": (1, 2), "dtypes": [fb.float32] * 2}, "1 inputs but 2 dtypes"),
    ],
)
def test_errors(options, text):
    with pytest.raises(ValueError, match=text):
        summary(nn.Linear(2, 2), verbose=0, **options)


def test_parametrized_and_pruned_layers():
    layer = nn.utils.parametrizations.weight_norm(nn.Linear(4, 3))
    result = summary(layer, (2, 4), verbose=0)
    assert result.total_params == 12 + 3 + 3 and result.total_mult_adds == 2 * 12
    pruned = nn.utils.prune.l1_unstructured(nn.Linear(4, 3), "weight", 2)
    assert summary(pruned, (2, 4), verbose=0).total_params == 15


def test_lazy_import():
    import flambeau.utils

    assert isinstance(flambeau.utils.summary(nn.Linear(1, 1), verbose=0), ModelSummary)
    assert {"summary", "ModelSummary"} <= set(dir(flambeau.utils))
