"""The arguments of export, what files contain, changes in place, and functions of programs."""

import io
import warnings

import numpy as np
import pytest

import flambeau as fb
from flambeau import jit, nn, onnx

from . import interpreter
from .checks import check, feed, same
from .reader import read


def exported(model, args, **options):
    return read(onnx.export(model, args, **options).model_bytes)


def test_names_shapes_and_types():
    model = exported(nn.Linear(3, 2), fb.ones(4, 3), input_names=["features"], output_names=["scores"])
    assert model.inputs == {"features": ("float32", [4, 3])} and model.outputs == {
        "scores": ("float32", [4, 2])
    }
    assert set(model.initializers) == {"weight", "bias"}
    assert (
        [n.op for n in model.nodes] == ["Gemm"] and model.opsets == {"": 17} and model.producer == "flambeau"
    )


def test_names_of_arguments_are_those_of_the_forward():
    assert list(exported(lambda left, right: left + right, (fb.ones(2), fb.ones(2))).inputs) == [
        "left",
        "right",
    ]


def test_names_must_differ():
    with pytest.raises(ValueError, match="input_names must be different"):
        onnx.export(lambda a, b: a + b, (fb.ones(2), fb.ones(2)), input_names=["x", "x"])


def test_file_and_file_object(tmp_path):
    path, buffer = tmp_path / "model.onnx", io.BytesIO()
    onnx.export(nn.ReLU(), fb.ones(2), str(path))
    program = onnx.export(nn.ReLU(), fb.ones(2), buffer)
    assert path.read_bytes() == buffer.getvalue() == program.model_bytes
    program.save(tmp_path / "again.onnx")
    assert (tmp_path / "again.onnx").read_bytes() == program.model_bytes


def test_parameters_as_inputs():
    linear = nn.Linear(3, 2)
    program = onnx.export(linear, fb.ones(4, 3), export_params=False)
    model = read(program.model_bytes)
    assert list(model.inputs) == ["input", "weight", "bias"] and not model.initializers
    inputs = {"input": np.ones((4, 3), np.float32), **{k: v.numpy() for k, v in linear.state_dict().items()}}
    same(interpreter.run(program.model_bytes, inputs), [linear(fb.ones(4, 3))])


def test_initializers_among_the_inputs():
    model = exported(nn.Linear(3, 2), fb.ones(4, 3), keep_initializers_as_inputs=True)
    assert list(model.inputs) == ["input", "weight", "bias"] and set(model.initializers) == {"weight", "bias"}


def test_constant_folding_of_parameters():
    class Scaled(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(fb.ones(3))

        def forward(self, x):
            return x * self.weight.exp().sum()

    folded, kept = (exported(Scaled(), fb.ones(3), do_constant_folding=flag) for flag in (True, False))
    assert [n.op for n in folded.nodes] == ["Mul"] and [n.op for n in kept.nodes] == [
        "Exp",
        "ReduceSum",
        "Mul",
    ]
    assert list(kept.initializers) != list(folded.initializers)


def test_dynamic_axes_have_names():
    model = exported(nn.Linear(3, 2), fb.ones(4, 3), dynamic_axes={"input": {0: "batch"}, "output": [0]})
    assert model.inputs["input"] == ("float32", ["batch", 3])
    assert model.outputs["output"] == ("float32", ["output_dynamic_axes_1", 2])


def test_dynamic_shapes():
    model = exported(nn.Linear(3, 2), fb.ones(4, 3), dynamic_shapes={"input": {0: "n"}})
    assert model.inputs["input"][1] == ["n", 3] and model.outputs["output"][1] == [None, None]


def test_modes():
    model = nn.Sequential(nn.Dropout(), nn.BatchNorm1d(2))
    model.train()
    assert [n.op for n in exported(model, fb.ones(3, 2)).nodes] == ["BatchNormalization"] and model.training
    with pytest.raises(onnx.UnsupportedOperatorError, match="bernoulli"):
        onnx.export(nn.Sequential(nn.AlphaDropout()), fb.ones(3, 2), training=onnx.TrainingMode.TRAINING)
    ops = [n.op for n in exported(model, fb.ones(3, 2), training=onnx.TrainingMode.PRESERVE).nodes]
    assert "Dropout" in ops and "BatchNormalization" not in ops


def test_buffers_are_as_before():
    norm = nn.BatchNorm1d(2)
    onnx.export(norm, fb.rand(3, 2), training=onnx.TrainingMode.TRAINING)
    assert norm.running_mean.tolist() == [0, 0] and norm.num_batches_tracked == 0 and norm.training


def test_parameters_that_change_are_refused():
    class Clipped(nn.Linear):
        def forward(self, x):
            self.weight.data.clamp_(-1, 1)
            return super().forward(x)

    with pytest.raises(onnx.OnnxExporterError, match="changes its parameter weight"):
        onnx.export(Clipped(2, 2), fb.ones(1, 2))


def test_opsets():
    for opset in (11, 13, 17, 21):
        check(
            lambda x: x.sum(1, keepdim=True).squeeze(1).unsqueeze(0).softmax(0),
            fb.rand(2, 3),
            opset_version=opset,
        )
    with pytest.raises(ValueError, match="opset_version must be from 11 to 21, got 9"):
        onnx.export(nn.ReLU(), fb.ones(2), opset_version=9)
    with pytest.raises(onnx.UnsupportedOperatorError, match="needs opset_version 18 or later, got 17"):
        onnx.export(lambda x: x & 3, fb.tensor([1, 2]))


def test_verbose_prints_the_graph(capsys):
    onnx.export(nn.ReLU(), fb.ones(2), verbose=True)
    assert "aten::relu" in capsys.readouterr().out


def test_nested_and_keyword_arguments():
    def f(pair, scale):
        return {"sum": pair[0] + pair[1] * scale}

    a, b = fb.rand(2), fb.rand(2)
    program = onnx.export(f, ((a, b), {"scale": fb.tensor(2.0)}))
    assert program.input_names == ["pair", "pair_1", "scale"]
    found = interpreter.run(program.model_bytes, feed(program, (a, b, fb.tensor(2.0))))
    same(found, [a + b * 2])


def test_a_traced_module():
    net = nn.Sequential(nn.Linear(3, 2), nn.ReLU())
    check(jit.trace(net, fb.ones(1, 3)), fb.rand(1, 3))


def test_results_that_are_inputs_or_constants():
    check(lambda x: (x, fb.ones(2), x), fb.rand(2))


# ---- changes in place


def test_changes_of_a_whole_tensor():
    def f(x):
        y = x * 2
        y += 1
        y.relu_()
        y.mul_(x).clamp_(max=1)
        return y

    check(f, fb.randn(5), others=[(fb.randn(3),)], dynamic_axes={"x": [0]})


def test_changes_of_parts_and_of_views():
    def f(x):
        out = fb.zeros(3, 4)
        out[0] = x.sum()
        out[:, 1] += x[0, :3]
        row = out[2]
        row.mul_(2).add_(x[1])
        turned = out.t()
        turned[3].fill_(7)
        return out, row, turned.contiguous()

    check(f, fb.randn(2, 4))


def test_a_loop_that_fills_a_tensor():
    cell = nn.GRUCell(2, 3)

    class Loop(nn.Module):
        def __init__(self):
            super().__init__()
            self.cell = cell

        def forward(self, x):
            h, out = x.new_zeros(x.size(1), 3), x.new_zeros(4, x.size(1), 3)
            for t in range(4):
                h = self.cell(x[t], h)
                out[t] = h
            return out

    check(Loop(), fb.randn(4, 2, 2))


def test_what_was_read_before_a_change_stays():
    def f(x):
        y = x + 1
        before = y * 2
        y.zero_()
        return before, y, x

    check(f, fb.randn(3))


def test_parts_of_sizes_that_vary_are_refused():
    def f(x):
        y = x + 0
        y[0].zero_()
        return y

    with pytest.raises(
        onnx.UnsupportedOperatorError, match="changed in place, which needs sizes that are known"
    ):
        onnx.export(f, fb.rand(2, 3), dynamic_axes={"x": [0]})


# ---- functions and ops of programs


class Doubled(fb.autograd.Function):
    @staticmethod
    def symbolic(g, x, factor):
        return g.op("mine::Double", x, factor_f=factor, name_s="d", sizes_i=[1, 2], table_t=fb.ones(2))

    @staticmethod
    def forward(ctx, x, factor):
        return x * factor


class Plain(fb.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x * 2 + 1


def test_symbolic_of_a_function():
    model = exported(lambda x: Doubled.apply(x, 2.0) + 1, fb.rand(3), custom_opsets={"mine": 3})
    node = model.nodes[0]
    assert (node.op, node.domain, node.inputs) == ("Double", "mine", ["x"]) and model.opsets == {
        "": 17,
        "mine": 3,
    }
    assert (
        node.attributes["factor"] == 2.0
        and node.attributes["name"] == "d"
        and node.attributes["sizes"] == [1, 2]
    )
    assert node.attributes["table"].tolist() == [1, 1]


def test_a_function_without_symbolic_is_what_it_does():
    check(lambda x: Plain.apply(x), fb.rand(3))


def test_a_registered_op():
    onnx.register_custom_op_symbolic("aten::digamma", lambda g, x: g.op("com.example::Digamma", x), 17)
    try:
        assert exported(lambda x: x.digamma(), fb.rand(3)).nodes[0].op == "Digamma"
    finally:
        onnx.unregister_custom_op_symbolic("aten::digamma", 17)
    with pytest.raises(onnx.UnsupportedOperatorError):
        onnx.export(lambda x: x.digamma(), fb.rand(3))


def test_names_of_attributes_say_their_kind():
    class Bad(fb.autograd.Function):
        symbolic = staticmethod(lambda g, x: g.op("Relu", x, alpha=1))
        forward = staticmethod(lambda ctx, x: x + 0)

    with pytest.raises(ValueError, match="does not end in _i, _f, _s or _t"):
        onnx.export(lambda x: Bad.apply(x), fb.rand(3))


def test_questions_and_helpers():
    asked = []

    class Net(nn.Module):
        def forward(self, x):
            asked.append((onnx.is_in_onnx_export(), fb.compiler.is_exporting(), self.training))
            return x + 1

    net = Net()
    onnx.export(net, fb.ones(2))
    assert asked == [(True, True, False)] and not onnx.is_in_onnx_export() and net.training
    with onnx.select_model_mode_for_export(net, onnx.TrainingMode.EVAL):
        assert not net.training
    assert net.training and "aten::add" in onnx.utils.export_to_pretty_string(net, fb.ones(2))


def test_packed_sequences_and_projections_are_named():
    from flambeau.nn.utils.rnn import pack_padded_sequence

    lstm = nn.LSTM(2, 3)
    with warnings.catch_warnings(), pytest.raises(onnx.UnsupportedOperatorError, match="packed sequence"):
        warnings.simplefilter("ignore", jit.TracerWarning)
        onnx.export(lambda x: lstm(pack_padded_sequence(x, [3, 2]))[1][0], fb.rand(3, 2, 2))
    with pytest.raises(onnx.UnsupportedOperatorError, match="proj_size"):
        onnx.export(nn.LSTM(2, 3, proj_size=2), fb.rand(3, 2, 2))


def test_complex_numbers_are_refused():
    with pytest.raises(onnx.UnsupportedOperatorError, match="view_as_complex|complex"):
        onnx.export(lambda x: fb.view_as_complex(x).abs(), fb.rand(3, 2))


def test_half_precision_weights():
    model = exported(nn.Linear(2, 2).half(), fb.ones(1, 2).half())
    assert model.initializers["weight"].dtype == np.float16 and model.inputs["input"][0] == "float16"


@pytest.mark.parametrize("opset", [11, 13, 16, 18, 21])
def test_the_checker_of_the_standard(opset):
    checker = pytest.importorskip("onnx", reason="the standard's own checker is not installed").checker
    net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU(), nn.AdaptiveAvgPool2d(2), nn.Flatten(),
                        nn.Linear(8, 3), nn.LayerNorm(3), nn.GELU(), nn.Softmax(1))  # fmt: skip
    data = onnx.export(net, fb.rand(2, 1, 6, 6), opset_version=opset, dynamic_axes={"input": [0]}).model_bytes
    checker.check_model(data, full_check=True)
