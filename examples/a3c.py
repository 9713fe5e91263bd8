"""Asynchronous advantage actor-critic (Mnih et al., 2016) on a small corridor.

    python examples/a3c.py --processes 2

Each process plays with its own copy of the model and gives its gradients to the shared model, whose optimiser state is
shared too. The corridor has a reward at its right end; a step costs a little. The program prints the mean return.
"""

import argparse

import flambeau as torch
import flambeau.multiprocessing as mp
from flambeau import nn, optim
from flambeau.nn import functional as F

LENGTH, MOST_STEPS, STEP_COST = 8, 40, 0.02
GAMMA, ENTROPY = 0.97, 0.01


class Corridor:
    """Cells 0 to LENGTH - 1; one starts in the second and is paid 1 in the last."""

    def reset(self):
        """The first observation."""
        self.place, self.steps = 1, 0
        return self.observe()

    def observe(self):
        """The place as a one-hot vector."""
        return F.one_hot(torch.tensor(self.place), LENGTH).float()

    def step(self, action):
        """Goes left (0) or right (1): observation, reward, whether the episode is over."""
        self.place = max(0, self.place + (1 if action else -1))
        self.steps += 1
        arrived = self.place == LENGTH - 1
        return self.observe(), float(arrived) - STEP_COST, arrived or self.steps == MOST_STEPS


class ActorCritic(nn.Module):
    """Observation [LENGTH] to the logits [2] of the actions and the value of the state [1]."""

    def __init__(self):
        super().__init__()
        self.body = nn.Linear(LENGTH, 16)
        self.actor = nn.Linear(16, 2)
        self.critic = nn.Linear(16, 1)

    def forward(self, x):
        x = torch.tanh(self.body(x))
        return self.actor(x), self.critic(x)


def play(model, corridor):
    """One episode: the loss, and the return without discount."""
    values, log_probs, entropies, rewards = [], [], [], []
    observation, done = corridor.reset(), False
    while not done:
        logits, value = model(observation)
        log_prob, prob = F.log_softmax(logits, 0), F.softmax(logits, 0)
        action = prob.detach().multinomial(1).item()
        observation, reward, done = corridor.step(action)
        values.append(value[0])
        log_probs.append(log_prob[action])
        entropies.append(-(prob * log_prob).sum())
        rewards.append(reward)
    ahead, loss = 0.0, 0.0
    for value, log_prob, entropy, reward in zip(
        *map(reversed, (values, log_probs, entropies, rewards)), strict=True
    ):
        ahead = reward + GAMMA * ahead
        advantage = ahead - value
        loss = loss - log_prob * advantage.detach() - ENTROPY * entropy + 0.5 * advantage**2
    return loss, sum(rewards)


def give_gradients(model, shared):
    """The shared model takes the gradients of a process's own: in this process, they are the same tensors."""
    for own, common in zip(model.parameters(), shared.parameters(), strict=True):
        common._grad = own.grad


def train(rank, seed, shared, optimizer, episodes):
    """What each process does."""
    torch.set_num_threads(1)
    torch.manual_seed(seed + rank)
    model, corridor = ActorCritic(), Corridor()
    for _ in range(episodes):
        model.load_state_dict(shared.state_dict())
        model.zero_grad()
        play(model, corridor)[0].backward()
        give_gradients(model, shared)
        optimizer.step()


def mean_return(model, episodes=20):
    """The mean return of some episodes; the best is 1 - 6 * STEP_COST = 0.88."""
    with torch.no_grad():
        return sum(play(model, Corridor())[1] for _ in range(episodes)) / episodes


def run(processes=2, episodes=150, seed=1, start_method="fork"):
    """Trains, and returns the shared model."""
    torch.manual_seed(seed)
    shared = ActorCritic().share_memory()
    optimizer = optim.Adagrad(shared.parameters(), lr=0.1)
    optimizer.share_memory()
    mp.start_processes(
        train, (seed, shared, optimizer, episodes), nprocs=processes, start_method=start_method
    )
    return shared


def main():
    """The program."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--episodes", type=int, default=150)
    arguments = parser.parse_args()
    model = run(arguments.processes, arguments.episodes)
    print(f"mean return: {mean_return(model):.2f}")


if __name__ == "__main__":
    main()
