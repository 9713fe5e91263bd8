"""Tracing and exporting a model on a GPU."""

import flambeau as fb
from flambeau import jit, nn, onnx


def test_a_trace_follows_tensors_of_a_gpu(gpu):
    net = nn.Sequential(nn.Linear(3, 4), nn.ReLU(inplace=True), nn.Linear(4, 2)).cuda().eval()

    def f(x):
        z = fb.zeros(2, device=x.device)
        z[0] = x.sum()
        return net(x.detach() * 2 + x.data) + z

    traced = jit.trace(f, fb.rand(5, 3).cuda())
    x = fb.rand(2, 3).cuda()
    assert fb.allclose(traced(x).cpu(), f(x).cpu()) and traced(x).is_cuda


def test_export_of_a_model_on_a_gpu(gpu):
    net = nn.Linear(3, 2)
    wanted = onnx.export(net, fb.ones(1, 3)).model_bytes
    assert onnx.export(net.cuda(), fb.ones(1, 3).cuda()).model_bytes == wanted
