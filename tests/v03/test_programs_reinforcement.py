"""Programs of 2017 that learn from rewards, in a corridor: steps to the left or right, a reward at its right end."""

import copy
import random
from collections import namedtuple

import pytest

import flambeau.v03 as torch
from flambeau.v03 import multiprocessing as mp
from flambeau.v03 import nn, optim
from flambeau.v03.autograd import Variable
from flambeau.v03.distributions import Categorical
from flambeau.v03.nn import functional as F

LENGTH, LONGEST = 5, 20
Transition = namedtuple("Transition", ("state", "action", "next_state", "reward"))


def shown(place):
    """The state at a place, as a network gets it."""
    state = torch.zeros(1, LENGTH)
    state[0, place] = 1
    return state


def episode(act):
    """The states, actions and rewards of one run; act(state) -> 0 or 1."""
    place, steps = 0, []
    while place < LENGTH - 1 and len(steps) < LONGEST:
        state, action = shown(place), act(shown(place))
        place = max(place + (1 if action else -1), 0)
        steps.append((state, action, 1.0 if place == LENGTH - 1 else -0.1))
    return steps


def returns(steps, gamma=0.9):
    total, found = 0, []
    for _, _, reward in reversed(steps):
        total = reward + gamma * total
        found.insert(0, total)
    return torch.Tensor(found)


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(3)
    random.seed(3)


def test_reinforce():
    policy = nn.Sequential(nn.Linear(LENGTH, 2), nn.Softmax(dim=1))
    optimizer = optim.Adam(policy.parameters(), lr=0.1)
    logs = []

    def act(state):
        choice = Categorical(policy(Variable(state)))
        action = choice.sample()
        logs.append(choice.log_prob(action))
        return action.data[0]

    for _run in range(60):
        del logs[:]
        gains = returns(episode(act))
        loss = torch.cat([-log * gain for log, gain in zip(logs, gains, strict=True)]).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert policy(Variable(shown(0))).data[0, 1] > 0.8


class ActorCritic(nn.Module):
    def __init__(self):
        super(ActorCritic, self).__init__()  # noqa: UP008  (as programs of 0.3 say it)
        self.body, self.actor, self.critic = nn.Linear(LENGTH, 8), nn.Linear(8, 2), nn.Linear(8, 1)

    def forward(self, x):
        x = F.tanh(self.body(x))
        return self.actor(x), self.critic(x)

    def loss(self, steps):
        """That of a policy gradient with the critic as baseline, the critic's, and the entropy."""
        gains = Variable(returns(steps)).unsqueeze(1)
        logits, values = self(Variable(torch.cat([state for state, _, _ in steps])))
        logs = F.log_softmax(logits, dim=1)
        chosen = logs.gather(1, Variable(torch.LongTensor([[action] for _, action, _ in steps])))
        advantage = gains - Variable(values.data)
        entropy = -(logs * logs.exp()).sum(1).mean()
        return -(chosen * advantage).mean() + F.smooth_l1_loss(values, gains) - 0.01 * entropy


def train(shared, steps=40):
    """One worker of an asynchronous actor-critic: gradients of its own copy, and a step of the shared parameters."""
    model, optimizer = ActorCritic(), optim.SGD(shared.parameters(), lr=0.5)
    for _step in range(steps):
        model.load_state_dict(shared.state_dict())
        made = episode(lambda state: F.softmax(model(Variable(state, volatile=True))[0], 1).multinomial(1).data[0, 0])
        model.zero_grad()
        model.loss(made).backward()
        nn.utils.clip_grad_norm(model.parameters(), 5)
        for own, of_all in zip(model.parameters(), shared.parameters(), strict=True):
            of_all._grad = own.grad
        optimizer.step()


def test_actor_critic_with_shared_parameters():
    shared = ActorCritic()
    shared.share_memory()
    worker = mp.Process(target=train, args=(shared,))
    worker.start()
    worker.join()
    train(shared)
    assert worker.exitcode == 0
    assert F.softmax(shared(Variable(shown(0)))[0], dim=1).data[0, 1] > 0.7


def q_learning_step(model, optimizer, batch):
    batch = Transition(*zip(*batch, strict=True))
    going_on = torch.ByteTensor([state is not None for state in batch.next_state])
    following = Variable(torch.cat([s for s in batch.next_state if s is not None]), volatile=True)
    values = model(Variable(torch.cat(batch.state))).gather(1, Variable(torch.cat(batch.action)))
    later = Variable(torch.zeros(len(batch.state)))
    later[going_on] = model(following).max(1)[0]
    assert later.volatile
    later.volatile = False
    loss = F.smooth_l1_loss(values, later * 0.9 + Variable(torch.cat(batch.reward)))
    optimizer.zero_grad()
    loss.backward()
    for p in model.parameters():
        p.grad.data.clamp_(-1, 1)
    optimizer.step()


def test_q_learning_from_memory():
    model, memory = nn.Linear(LENGTH, 2), []
    optimizer = optim.RMSprop(model.parameters(), lr=0.05)
    for _run in range(15):
        steps = episode(lambda state: random.randrange(2))
        for i, (state, action, reward) in enumerate(steps):
            after = steps[i + 1][0] if i + 1 < len(steps) else None
            memory.append(Transition(state, torch.LongTensor([[action]]), after, torch.Tensor([reward])))
    for _step in range(150):
        q_learning_step(model, optimizer, random.sample(memory, 32))
    best = [model(Variable(shown(place), volatile=True)).data.max(1)[1][0] for place in range(LENGTH - 1)]
    assert best == [1] * (LENGTH - 1)


def test_a_target_network_follows_slowly():
    net = nn.Linear(2, 1)
    target = copy.deepcopy(net)
    before = target.weight.data.clone()
    net.weight.data.add_(1)
    for ours, p in zip(target.parameters(), net.parameters(), strict=True):
        ours.data.copy_(ours.data * 0.9 + p.data * 0.1)
    assert (target.weight.data - before - 0.1).abs().max() < 1e-6 and target.weight.data is not net.weight.data
