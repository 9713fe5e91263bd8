"""Modules of 0.3: Parameters are Variables, buffers and state dictionaries hold plain tensors."""

import copy
import math
import pickle

import pytest

import flambeau.nn
import flambeau.v03 as torch
from flambeau.v03 import era, nn
from flambeau.v03.autograd import Variable
from flambeau.v03.nn import functional as F


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(3, 2)
        self.bn = nn.BatchNorm1d(2)
        self.scale = nn.Parameter(torch.ones(1))
        self.register_buffer("count", torch.zeros(1))

    def forward(self, x):
        return self.bn(self.fc(x)) * self.scale


def test_parameters_are_variables():
    net = Net()
    for p in net.parameters():
        assert type(p) is nn.Parameter and isinstance(p, Variable) and p.requires_grad and not p.volatile
        assert isinstance(p.data, torch.FloatTensor) and not torch.is_tensor(p)
    assert isinstance(net.scale, flambeau.nn.Parameter)


def test_a_parameter_is_made_of_a_tensor_or_a_variable():
    t = torch.ones(2)
    assert nn.Parameter(t).data is t
    assert nn.Parameter(torch.ones(2), requires_grad=False).requires_grad is False
    assert repr(nn.Parameter(torch.ones(2))).startswith("Parameter containing:")


def test_buffers_are_plain_tensors():
    net = Net()
    assert type(net.bn.running_mean) is torch.FloatTensor and type(net.count) is torch.FloatTensor
    assert list(net.bn.state_dict()) == ["weight", "bias", "running_mean", "running_var"]


def test_state_dict_has_the_same_plain_tensors_each_time():
    net = Net()
    state = net.state_dict()
    assert list(state) == ["scale", "count", "fc.weight", "fc.bias", "bn.weight", "bn.bias", "bn.running_mean",
                           "bn.running_var"]  # fmt: skip
    assert all(type(v) is torch.FloatTensor for v in state.values())
    assert all(v is state[k] for k, v in net.state_dict().items())
    assert state["fc.weight"] is net.fc.weight.data and state["count"] is net.count
    kept = net.state_dict(keep_vars=True)
    assert kept["fc.weight"] is net.fc.weight


def test_load_state_dict_copies_in_place():
    a, b = Net(), Net()
    weight, data = b.fc.weight, b.fc.weight.data
    b.load_state_dict(a.state_dict())
    assert b.fc.weight is weight and weight.data is data and torch.equal(data, a.fc.weight.data)
    assert weight.requires_grad and not weight.volatile


def test_load_state_dict_takes_parameters_and_volatile_variables():
    net = Net()
    state = dict(net.state_dict())
    state["fc.weight"] = nn.Parameter(torch.ones(2, 3))
    state["fc.bias"] = Variable(torch.ones(2), volatile=True)
    net.load_state_dict(state)
    assert net.fc.weight.data.sum() == 6 and not net.fc.bias.volatile and net.fc.bias.requires_grad


def test_wrong_names_are_key_errors():
    net = Net()
    state = net.state_dict()
    del state["scale"]
    with pytest.raises(KeyError, match="scale"):
        net.load_state_dict(state)
    net.load_state_dict(state, strict=False)
    state = net.state_dict()
    state["more"] = torch.ones(1)
    with pytest.raises(KeyError, match="more"):
        net.load_state_dict(state)
    net.load_state_dict(state, strict=False)


def test_wrong_sizes_are_runtime_errors():
    net = Net()
    state = dict(net.state_dict(), scale=torch.ones(5))
    with pytest.raises(RuntimeError, match="scale") as error:
        net.load_state_dict(state)
    assert not isinstance(error.value, KeyError)


def test_zero_grad_keeps_the_gradients_and_makes_them_zero():
    net = Net()
    net(Variable(torch.randn(4, 3))).sum().backward()
    grads = [p.grad for p in net.parameters()]
    data = [g.data for g in grads]
    net.zero_grad()
    for p, g, d in zip(net.parameters(), grads, data, strict=True):
        assert p.grad is g and g.data is d and d.abs().sum() == 0


def test_zero_grad_of_a_recorded_gradient():
    net = nn.Linear(2, 1)
    net(Variable(torch.ones(1, 2))).backward(Variable(torch.ones(1, 1)))
    first = net.weight.grad
    assert not first.volatile
    net.zero_grad()
    assert net.weight.grad is not first and net.weight.grad.data.sum() == 0 and first.data.sum() == 2


def test_conversions():
    net = Net()
    weight = net.fc.weight
    assert net.double() is net and net.fc.weight is weight
    assert weight.data.type() == net.bn.running_mean.type() == net.count.type() == "torch.DoubleTensor"
    net.float()
    assert weight.data.type() == "torch.FloatTensor"
    net.type(torch.DoubleTensor)
    assert weight.data.type() == "torch.DoubleTensor"
    net.type("torch.FloatTensor").cpu()
    assert net.count.type() == "torch.FloatTensor"
    assert net(Variable(torch.randn(2, 3))).data.type() == "torch.FloatTensor"


def test_the_gradient_is_converted_with_its_parameter():
    net = nn.Linear(2, 1)
    net(Variable(torch.ones(1, 2))).sum().backward()
    net.double()
    assert net.weight.grad.data.type() == "torch.DoubleTensor"


def test_hooks_of_forward():
    seen = []
    net = nn.Linear(2, 1)
    first = net.register_forward_pre_hook(lambda module, input: seen.append(("pre", module, input)))
    second = net.register_forward_hook(lambda module, input, output: seen.append(("post", input, output)))
    x = Variable(torch.ones(1, 2))
    out = net(x)
    assert seen[0][0] == "pre" and seen[0][1] is net and seen[0][2][0] is x
    assert seen[1][1][0] is x and seen[1][2] is out
    first.remove()
    second.remove()
    net(x)
    assert len(seen) == 2


def test_hooks_of_backward():
    seen = []
    net = nn.Sigmoid()
    net.register_backward_hook(lambda module, grad_input, grad_output: seen.append((module, grad_input, grad_output)))
    x = Variable(torch.zeros(2), requires_grad=True)
    net(x).sum().backward()
    ((module, grad_input, grad_output),) = seen
    assert module is net and grad_output[0].data.tolist() == [1, 1]
    assert type(grad_input[0]) is Variable and grad_input[0].data.tolist() == [0.25, 0.25]


def test_a_hook_of_backward_replaces_the_gradient():
    net = nn.Sigmoid()
    net.register_backward_hook(lambda module, grad_input, grad_output: (grad_input[0] * 2,))
    x = Variable(torch.zeros(2), requires_grad=True)
    net(x).sum().backward()
    assert x.grad.data.tolist() == [0.5, 0.5]


def test_batch_norm_of_03():
    torch.manual_seed(1)
    bn = nn.BatchNorm1d(3)
    torch.manual_seed(1)
    assert torch.equal(bn.weight.data, torch.Tensor(3).uniform_()) and bn.bias.data.sum() == 0
    x = Variable(torch.randn(8, 3))
    bn(x)
    assert bn.running_mean.tolist() == pytest.approx((x.data.mean(0) * 0.1).tolist(), rel=1e-5)
    assert bn.running_var.tolist() == pytest.approx((x.data.var(0) * 0.1 + 0.9).tolist(), rel=1e-5)
    bn.eval()
    mean = bn.running_mean.clone()
    bn(x)
    assert torch.equal(bn.running_mean, mean)
    with pytest.raises(ValueError, match="more than 1 value per channel"):
        bn.train()(Variable(torch.randn(1, 3)))


def test_batch_norm_loads_what_later_versions_saved():
    bn = nn.BatchNorm2d(2)
    state = dict(bn.state_dict(), num_batches_tracked=torch.LongTensor([3]))
    bn.load_state_dict(state)
    assert "num_batches_tracked" not in bn.state_dict()


def test_instance_norm_of_03():
    norm = nn.InstanceNorm1d(2)
    x = Variable(torch.randn(3, 2, 50) * 2 + 1)
    norm(x)
    assert norm.running_mean.abs().sum() > 0 and norm.weight is None
    norm.eval()
    assert abs(norm(x).data.mean()) < 1e-5  # the instances' statistics
    norm.use_running_stats()
    assert abs(norm(x).data.mean()) > 0.1


@pytest.mark.parametrize(("layer", "fan_in"), [
    (lambda: nn.Linear(5, 3), 5), (lambda: nn.Conv2d(4, 6, 3), 36), (lambda: nn.Conv2d(4, 6, 3, groups=2), 36),
    (lambda: nn.ConvTranspose2d(4, 6, (3, 2)), 24), (lambda: nn.Conv1d(4, 2, 5), 20),
])  # fmt: skip
def test_parameters_are_drawn_as_in_03(layer, fan_in):
    torch.manual_seed(5)
    net = layer()
    torch.manual_seed(5)
    bound = 1.0 / math.sqrt(fan_in)
    assert torch.equal(net.weight.data, torch.Tensor(net.weight.size()).uniform_(-bound, bound))
    assert torch.equal(net.bias.data, torch.Tensor(net.bias.size()).uniform_(-bound, bound))


def test_the_dcgan_idiom():
    def weights_init(m):
        name = m.__class__.__name__
        if name.find("Conv") != -1:
            m.weight.data.normal_(0.0, 0.02)
        elif name.find("BatchNorm") != -1:
            m.weight.data.normal_(1.0, 0.02)
            m.bias.data.fill_(0)

    net = nn.Sequential(nn.Conv2d(3, 4, 3, bias=False), nn.BatchNorm2d(4), nn.LeakyReLU(0.2, inplace=True))
    net.apply(weights_init)
    assert abs(net[0].weight.data.std() - 0.02) < 0.01 and isinstance(net[0], nn.Conv2d)
    assert net(Variable(torch.randn(2, 3, 5, 5))).size() == (2, 4, 3, 3)


def test_an_assigned_parameter_is_registered():
    net = nn.Linear(2, 1)
    net.weight = nn.Parameter(torch.zeros(1, 2))
    assert dict(net.named_parameters())["weight"] is net.weight
    with pytest.raises(TypeError):
        net.weight = torch.zeros(1, 2)
    net.register_parameter("extra", None)
    assert net.extra is None and "extra" not in net.state_dict()


def test_copies_and_pickles():
    net = Net()
    for other in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        assert type(other.fc.weight) is nn.Parameter and other.fc.weight is not net.fc.weight
        assert torch.equal(other.fc.weight.data, net.fc.weight.data) and type(other.count) is torch.FloatTensor


def test_lists():
    layers = nn.ModuleList([nn.Linear(2, 2) for _ in range(3)])
    assert len(list(layers.parameters())) == 6
    params = nn.ParameterList([nn.Parameter(torch.ones(i + 1)) for i in range(2)])
    assert [p.size(0) for p in params] == [1, 2]


def test_container_is_deprecated():
    with pytest.warns(UserWarning, match="deprecated"):
        c = nn.Container(a=nn.Linear(1, 1))
    assert isinstance(c.a, nn.Linear)


def test_modes():
    net = Net()
    assert net.training and not net.eval().bn.training and net.train().bn.training


def test_volatile_inference():
    net = Net().eval()
    out = net(Variable(torch.randn(2, 3), volatile=True))
    assert out.volatile and out.grad_fn is None
    with pytest.raises(RuntimeError, match="volatile"):
        F.mse_loss(out, Variable(torch.zeros(2, 2))).backward()


def test_data_parallel_without_gpus():
    net = nn.DataParallel(nn.Linear(2, 1))
    assert net(Variable(torch.ones(1, 2))).size() == (1, 1)
    assert list(net.state_dict()) == ["module.weight", "module.bias"]


def test_clip_grad_norm():
    w = nn.Parameter(torch.zeros(2))
    (w * Variable(torch.Tensor([3, 4]))).sum().backward()
    assert torch.nn.utils.clip_grad_norm([w], 1) == pytest.approx(5)
    assert w.grad.data.tolist() == pytest.approx([0.6, 0.8], rel=1e-5)
    assert torch.nn.utils.clip_grad_norm([w], 10, float("inf")) == pytest.approx(0.8, rel=1e-5)
    assert w.grad.data.tolist() == pytest.approx([0.6, 0.8], rel=1e-5)


def test_parameters_as_a_vector():
    net = nn.Linear(2, 1)
    vec = torch.nn.utils.parameters_to_vector(net.parameters())
    assert type(vec) is Variable and vec.size() == (3,)
    torch.nn.utils.vector_to_parameters(Variable(torch.Tensor([1, 2, 3])), net.parameters())
    assert net.weight.data.tolist() == [[1, 2]] and net.bias.data.tolist() == [3]
    assert type(net.bias.data) is torch.FloatTensor


@pytest.mark.parametrize("name", [
    "uniform", "normal", "xavier_uniform", "xavier_normal", "kaiming_uniform", "kaiming_normal", "orthogonal", "eye",
])  # fmt: skip
@pytest.mark.parametrize("wrap", [lambda t: t, Variable, nn.Parameter])
def test_initialisers(name, wrap):
    t = torch.zeros(4, 4)
    x = wrap(t)
    assert getattr(nn.init, name)(x) is x
    assert t.abs().sum() > 0


def test_other_initialisers():
    assert nn.init.constant(torch.zeros(2), 0.3).tolist() == pytest.approx([0.3, 0.3])
    assert nn.init.dirac(torch.zeros(2, 2, 3))[0, 0, 1] == 1
    s = nn.init.sparse(torch.zeros(10, 3), 0.25)
    assert (s == 0).sum() == 9
    assert nn.init.calculate_gain("tanh") == 5 / 3


def test_printing():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv1 = nn.Conv2d(1, 6, 5, padding=2, bias=False)
            self.bn = nn.BatchNorm2d(6)
            self.fc1 = nn.Linear(400, 120)

    assert repr(Net()) == """Net(
  (conv1): Conv2d (1, 6, kernel_size=(5, 5), stride=(1, 1), padding=(2, 2), bias=False)
  (bn): BatchNorm2d(6, eps=1e-05, momentum=0.1, affine=True)
  (fc1): Linear(in_features=400, out_features=120)
)"""


def test_names_may_have_dots():
    """As those of the layers of DenseNet."""
    layer = nn.Sequential()
    layer.add_module("norm.1", nn.BatchNorm1d(2))
    layer.add_module("fc", nn.Linear(2, 2))
    state = layer.state_dict()
    assert list(state)[0] == "norm.1.weight" and [n for n, _ in layer.named_parameters()][0] == "norm.1.weight"
    layer.load_state_dict({name: values.clone().fill_(2) for name, values in state.items()})
    assert layer._modules["norm.1"].weight.data.tolist() == [2, 2]
    with pytest.raises(KeyError, match="norm.2.weight"):
        layer.load_state_dict({**state, "norm.2.weight": torch.ones(2)})
    era.leave()
    with pytest.raises(KeyError, match="name can.*contain"):
        layer.add_module("norm.2", nn.Tanh())
    era.enter()
