"""Models and training loops in the style of the example programs of 2017."""

import numpy as np
import pytest

import flambeau.v03 as torch
import flambeau.v03.nn as nn
import flambeau.v03.nn.functional as F
import flambeau.v03.optim as optim
from flambeau.v03.autograd import Variable
from flambeau.v03.nn import init

# ruff: noqa: B007, C417, E721, UP008


class VAE(nn.Module):
    def __init__(self):
        super(VAE, self).__init__()
        self.fc1 = nn.Linear(20, 12)
        self.fc21 = nn.Linear(12, 3)
        self.fc22 = nn.Linear(12, 3)
        self.fc3 = nn.Linear(3, 12)
        self.fc4 = nn.Linear(12, 20)
        self.relu = nn.ReLU()
        self.sigmoid = nn.Sigmoid()

    def encode(self, x):
        h1 = self.relu(self.fc1(x))
        return self.fc21(h1), self.fc22(h1)

    def reparameterize(self, mu, logvar):
        if self.training:
            std = logvar.mul(0.5).exp_()
            eps = Variable(std.data.new(std.size()).normal_())
            return eps.mul(std).add_(mu)
        return mu

    def decode(self, z):
        return self.sigmoid(self.fc4(self.relu(self.fc3(z))))

    def forward(self, x):
        mu, logvar = self.encode(x.view(-1, 20))
        return self.decode(self.reparameterize(mu, logvar)), mu, logvar


def test_variational_autoencoder():
    torch.manual_seed(0)
    model = VAE()
    optimizer = optim.Adam(model.parameters(), lr=1e-2)
    data = torch.zeros(32, 4, 5)
    data[:16, :2] = 1
    data[16:, 2:] = 1
    losses = []
    for _ in range(120):
        x = Variable(data)
        optimizer.zero_grad()
        recon_x, mu, logvar = model(x)
        BCE = F.binary_cross_entropy(recon_x, x.view(-1, 20))
        KLD = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())
        KLD /= 32 * 20
        loss = BCE + KLD
        loss.backward()
        losses.append(loss.data[0])
        optimizer.step()
    assert losses[-1] < 0.35 < losses[0]
    model.eval()
    recon, _, _ = model(Variable(data, volatile=True))
    assert (recon.data.view(32, 4, 5) - data).abs().mean() < 0.35


class DQN(nn.Module):
    def __init__(self):
        super(DQN, self).__init__()
        self.conv1 = nn.Conv2d(1, 4, kernel_size=3, stride=2)
        self.bn1 = nn.BatchNorm2d(4)
        self.head = nn.Linear(36, 2)

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        return self.head(x.view(x.size(0), -1))


def test_deep_q_learning():
    """The loop of the tutorial: a volatile forward for the targets, masks, and volatile switched off by hand."""
    torch.manual_seed(1)
    GAMMA, FloatTensor, LongTensor, ByteTensor = 0.9, torch.FloatTensor, torch.LongTensor, torch.ByteTensor
    model = DQN()
    optimizer = optim.RMSprop(model.parameters())
    states = [torch.randn(1, 1, 8, 8) for _ in range(6)]
    next_states = [s if i % 3 else None for i, s in enumerate(states)]
    losses = []
    for _ in range(10):
        non_final_mask = ByteTensor(tuple(map(lambda s: s is not None, next_states)))
        non_final_next_states = Variable(torch.cat([s for s in next_states if s is not None]), volatile=True)
        state_batch = Variable(torch.cat(states))
        action_batch = Variable(torch.cat([LongTensor([[i % 2]]) for i in range(6)]))
        reward_batch = Variable(torch.cat([FloatTensor([float(i)]) for i in range(6)]))
        state_action_values = model(state_batch).gather(1, action_batch)
        next_state_values = Variable(torch.zeros(6).type(FloatTensor))
        next_state_values[non_final_mask] = model(non_final_next_states).max(1)[0]
        assert next_state_values.volatile
        next_state_values.volatile = False
        expected_state_action_values = (next_state_values * GAMMA) + reward_batch
        loss = F.smooth_l1_loss(state_action_values, expected_state_action_values)
        optimizer.zero_grad()
        loss.backward()
        for param in model.parameters():
            param.grad.data.clamp_(-1, 1)
        optimizer.step()
        losses.append(loss.data[0])
    assert losses[-1] < losses[0]
    chosen = model(Variable(states[0], volatile=True).type(FloatTensor)).data.max(1)[1].view(1, 1)
    assert chosen[0, 0] in (0, 1) and torch.is_tensor(chosen)


def test_wasserstein_gan():
    torch.manual_seed(2)
    netG = nn.Sequential(nn.Linear(2, 8), nn.ReLU(True), nn.Linear(8, 1))
    netD = nn.Sequential(nn.Linear(1, 8), nn.Tanh(), nn.Linear(8, 1))
    one = torch.FloatTensor([1])
    mone = one * -1
    optimizerD, optimizerG = optim.RMSprop(netD.parameters(), lr=0.01), optim.RMSprop(netG.parameters(), lr=0.01)
    noise, estimates = torch.FloatTensor(16, 2), []
    for _ in range(20):
        for p in netD.parameters():
            p.requires_grad = True
        for _ in range(3):
            for p in netD.parameters():
                p.data.clamp_(-0.1, 0.1)
            netD.zero_grad()
            errD_real = netD(Variable(torch.randn(16, 1) + 2)).mean(0).view(1)
            errD_real.backward(one)
            noisev = Variable(noise.normal_(0, 1), volatile=True)
            fake = Variable(netG(noisev).data)
            errD_fake = netD(fake).mean(0).view(1)
            errD_fake.backward(mone)
            errD = errD_real - errD_fake
            optimizerD.step()
        for p in netD.parameters():
            p.requires_grad = False
        netG.zero_grad()
        errG = netD(netG(Variable(noise.normal_(0, 1)))).mean(0).view(1)
        errG.backward(one)
        assert all(p.grad is not None for p in netG.parameters())
        optimizerG.step()
        estimates.append(errD.data[0])
    assert all(np.isfinite(estimates))


def test_a_gradient_penalty():
    torch.manual_seed(3)
    netD = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1))
    real, fake = torch.randn(10, 2), torch.randn(10, 2)
    alpha = torch.rand(10, 1).expand(real.size())
    interpolates = Variable(alpha * real + ((1 - alpha) * fake), requires_grad=True)
    out = netD(interpolates)
    gradients = torch.autograd.grad(outputs=out, inputs=interpolates, grad_outputs=torch.ones(out.size()),
                                    create_graph=True, retain_graph=True, only_inputs=True)[0]  # fmt: skip
    penalty = ((gradients.norm(2, dim=1) - 1) ** 2).mean() * 10
    penalty.backward()
    weight = netD[0].weight
    before, step = penalty.data[0], 1e-3
    weight.data.sub_(step * weight.grad.data)
    out = netD(interpolates)
    (g,) = torch.autograd.grad(out, interpolates, torch.ones(out.size()), create_graph=True)
    after = (((g.norm(2, dim=1) - 1) ** 2).mean() * 10).data[0]
    expected = before - step * weight.grad.data.norm() ** 2
    assert after == pytest.approx(expected, abs=0.02 * abs(before - expected))


class BasicBlock(nn.Module):
    def __init__(self, in_planes, planes, stride=1):
        super(BasicBlock, self).__init__()
        self.conv1 = nn.Conv2d(in_planes, planes, kernel_size=3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(planes, planes, kernel_size=3, stride=1, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)
        self.shortcut = nn.Sequential()
        if stride != 1 or in_planes != planes:
            self.shortcut = nn.Sequential(nn.Conv2d(in_planes, planes, 1, stride, bias=False), nn.BatchNorm2d(planes))

    def forward(self, x):
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        out += self.shortcut(x)
        return self.relu(out)


class ResNet(nn.Module):
    def __init__(self):
        super(ResNet, self).__init__()
        self.layers = nn.Sequential(BasicBlock(1, 4), BasicBlock(4, 6, 2))
        self.fc = nn.Linear(6, 2)
        for m in self.modules():
            if isinstance(m, nn.Conv2d):
                n = m.kernel_size[0] * m.kernel_size[1] * m.out_channels
                m.weight.data.normal_(0, np.sqrt(2.0 / n))
            elif isinstance(m, nn.BatchNorm2d):
                m.weight.data.fill_(1)
                m.bias.data.zero_()

    def forward(self, x):
        out = self.layers(x)
        out = F.avg_pool2d(out, out.size(2))
        return self.fc(out.view(out.size(0), -1))


def test_a_residual_network():
    torch.manual_seed(4)
    net, criterion = ResNet(), nn.CrossEntropyLoss()
    optimizer = optim.SGD(net.parameters(), lr=0.1, momentum=0.9, weight_decay=5e-4)
    scheduler = optim.lr_scheduler.MultiStepLR(optimizer, [12], 0.1)
    inputs, targets = torch.randn(16, 1, 6, 6), torch.LongTensor([0, 1] * 8)
    inputs[1::2] += 1
    train_loss, correct, total = 0, 0, 0
    for epoch in range(15):
        scheduler.step()
        x, y = Variable(inputs), Variable(targets)
        optimizer.zero_grad()
        outputs = net(x)
        loss = criterion(outputs, y)
        loss.backward()
        optimizer.step()
        train_loss += loss.data[0]
        _, predicted = torch.max(outputs.data, 1)
        total += y.size(0)
        correct += predicted.eq(y.data).cpu().sum()
    assert optimizer.param_groups[0]["lr"] == pytest.approx(0.01)
    assert total == 240 and correct > 180 and loss.data[0] < 0.3


class Policy(nn.Module):
    def __init__(self):
        super(Policy, self).__init__()
        self.affine1 = nn.Linear(4, 16)
        self.action_head = nn.Linear(16, 2)
        self.value_head = nn.Linear(16, 1)
        self.saved_actions = []
        self.rewards = []

    def forward(self, x):
        x = F.relu(self.affine1(x))
        return F.softmax(self.action_head(x), dim=-1), self.value_head(x)


def test_actor_critic():
    from flambeau.v03.distributions import Categorical

    torch.manual_seed(5)
    model = Policy()
    optimizer = optim.Adam(model.parameters(), lr=3e-2)

    def select_action(state):
        state = torch.from_numpy(state).float()
        probs, state_value = model(Variable(state))
        m = Categorical(probs)
        action = m.sample()
        model.saved_actions.append((m.log_prob(action), state_value))
        return action.data[0]

    rng = np.random.default_rng(0)
    means = []
    for _ in range(40):
        for _ in range(10):
            state = rng.standard_normal(4)
            model.rewards.append(float(select_action(state) == int(state[0] > 0)))
        means.append(np.mean(model.rewards))
        R, policy_losses, value_losses, rewards = 0, [], [], []
        for r in model.rewards[::-1]:
            R = r + 0.0 * R
            rewards.insert(0, R)
        rewards = torch.Tensor(rewards)
        rewards = (rewards - rewards.mean()) / (rewards.std() + np.finfo(np.float32).eps.item())
        for (log_prob, value), r in zip(model.saved_actions, rewards, strict=True):
            reward = r - value.data[0]
            policy_losses.append(-log_prob * reward)
            value_losses.append(F.smooth_l1_loss(value, Variable(torch.Tensor([r]))))
        optimizer.zero_grad()
        loss = torch.stack(policy_losses).sum() + torch.stack(value_losses).sum()
        loss.backward()
        optimizer.step()
        del model.rewards[:], model.saved_actions[:]
    assert np.mean(means[-10:]) > 0.75


class SuperResolution(nn.Module):
    def __init__(self, upscale_factor):
        super(SuperResolution, self).__init__()
        self.relu = nn.ReLU()
        self.conv1 = nn.Conv2d(1, 4, (5, 5), (1, 1), (2, 2))
        self.conv4 = nn.Conv2d(4, upscale_factor ** 2, (3, 3), (1, 1), (1, 1))
        self.pixel_shuffle = nn.PixelShuffle(upscale_factor)
        self._initialize_weights()

    def forward(self, x):
        return self.pixel_shuffle(self.conv4(self.relu(self.conv1(x))))

    def _initialize_weights(self):
        init.orthogonal(self.conv1.weight, init.calculate_gain("relu"))
        init.orthogonal(self.conv4.weight)


def test_super_resolution():
    torch.manual_seed(6)
    model, criterion = SuperResolution(2), nn.MSELoss()
    optimizer = optim.Adam(model.parameters(), lr=0.01)
    target = Variable(torch.rand(2, 1, 8, 8))
    input = F.avg_pool2d(target, 2)
    epoch_loss = []
    for _ in range(20):
        optimizer.zero_grad()
        loss = criterion(model(input), target)
        epoch_loss.append(loss.data[0])
        loss.backward()
        optimizer.step()
    assert epoch_loss[-1] < epoch_loss[0]
    w = model.conv4.weight.data.view(4, -1)
    assert w.size() == (4, 36)


def test_polynomial_regression():
    """The regression example: parameters changed by hand until the loss is small."""
    torch.manual_seed(7)
    W_target = torch.Tensor([[1.0], [-2.0]])
    b_target = torch.Tensor([0.5])
    fc = torch.nn.Linear(W_target.size(0), 1)
    for batch_idx in range(2000):
        random = torch.randn(32).unsqueeze(1)
        x = torch.cat([random ** i for i in range(1, 3)], 1)
        batch_x, batch_y = Variable(x), Variable(x.mm(W_target) + b_target[0])
        fc.zero_grad()
        output = F.smooth_l1_loss(fc(batch_x), batch_y)
        loss = output.data[0]
        output.backward()
        for param in fc.parameters():
            param.data.add_(-0.1 * param.grad.data)
        if loss < 1e-4:
            break
    assert loss < 1e-4
    assert fc.weight.data.view(-1).tolist() == pytest.approx([1, -2], abs=0.1)


def test_truncated_backpropagation_with_repackaged_hidden_states():
    torch.manual_seed(8)
    encoder, i2h, h2h, decoder = nn.Embedding(5, 4), nn.Linear(4, 6), nn.Linear(6, 6), nn.Linear(6, 5)
    modules = nn.ModuleList([encoder, i2h, h2h, decoder])
    criterion = nn.CrossEntropyLoss()

    def repackage_hidden(h):
        return Variable(h.data) if type(h) == Variable else tuple(repackage_hidden(v) for v in h)

    text = torch.LongTensor([0, 1, 2, 3, 4] * 8)
    losses = []
    for _ in range(15):
        (hidden,) = (Variable(torch.zeros(1, 6)),)
        total = 0
        for i in range(0, 35, 5):
            data, targets = Variable(text[i:i + 5]), Variable(text[i + 1:i + 6].view(-1))
            (hidden,) = repackage_hidden((hidden,))
            modules.zero_grad()
            outputs = []
            for step in encoder(data).split(1):
                hidden = F.tanh(i2h(step) + h2h(hidden))
                outputs.append(decoder(hidden))
            loss = criterion(torch.cat(outputs), targets)
            loss.backward()
            torch.nn.utils.clip_grad_norm(modules.parameters(), 0.25)
            for p in modules.parameters():
                p.data.add_(-2, p.grad.data)
            total += loss.data
        losses.append(total[0] / 7)
    assert losses[-1] < 0.5 * losses[0]


def test_attention_by_hand():
    attn, combine = nn.Linear(8, 5), nn.Linear(8, 4)
    embedded, hidden = Variable(torch.randn(1, 1, 4), requires_grad=True), Variable(torch.randn(1, 1, 4))
    encoder_outputs = Variable(torch.zeros(5, 4))
    for i in range(5):
        encoder_outputs[i] = hidden[0][0] * i
    weights = F.softmax(attn(torch.cat((embedded[0], hidden[0]), 1)), dim=1)
    applied = torch.bmm(weights.unsqueeze(0), encoder_outputs.unsqueeze(0))
    output = F.relu(combine(torch.cat((embedded[0], applied[0]), 1)).unsqueeze(0))
    assert output.size() == (1, 1, 4) and weights.data.sum() == pytest.approx(1, rel=1e-5)
    output.sum().backward()
    assert embedded.grad.size() == (1, 1, 4)


def test_early_stopping_with_the_best_state():
    import copy

    torch.manual_seed(9)
    net = nn.Linear(2, 1)
    best = copy.deepcopy(net.state_dict())
    before = best["weight"].clone()
    net.weight.data.fill_(9)
    net.load_state_dict(best)
    assert torch.equal(net.weight.data, before) and net.weight.requires_grad


def test_freezing_and_replacing_the_last_layer():
    net = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 3))
    for param in net.parameters():
        param.requires_grad = False
    net[2] = nn.Linear(3, 1)
    optimizer = optim.SGD(filter(lambda p: p.requires_grad, net.parameters()), lr=0.1)
    assert len(optimizer.param_groups[0]["params"]) == 2
    net(Variable(torch.ones(1, 2))).backward()
    assert net[0].weight.grad is None and net[2].weight.grad is not None
    optimizer.step()
