"""Softmax over many classes of which few are frequent."""

import collections

import flambeau as fb

from . import functional as F
from .containers import ModuleList, Sequential
from .linear import Linear
from .module import Module

_ASMoutput = collections.namedtuple("_ASMoutput", ["output", "loss"])


class AdaptiveLogSoftmaxWithLoss(Module):
    """AdaptiveLogSoftmaxWithLoss(in_features, n_classes, cutoffs, div_value=4.0, head_bias=False)

    The log-probabilities of n_classes, sorted by falling frequency: the first cutoffs[0] and one number per later
    cluster come from the head; the classes of cluster i, up to the next cutoff, from a narrower projection of the
    input, in_features / div_value^(i+1) wide (Grave et al., Efficient softmax approximation for GPUs, 2017).

    input (N, in_features) or (in_features), target (N) or () of classes -> (output: the log-probability of each target,
    loss: minus their mean). Raises RuntimeError for sizes or targets that do not fit.
    """

    def __init__(
        self, in_features, n_classes, cutoffs, div_value=4.0, head_bias=False, device=None, dtype=None
    ):
        super().__init__()
        options = {"device": device, "dtype": dtype}
        cutoffs = list(cutoffs)
        if not cutoffs:
            raise ValueError("cutoffs should be a sequence of length larger than 0")
        whole = all(int(c) == c for c in cutoffs)
        if not whole or cutoffs != sorted(set(cutoffs)) or cutoffs[0] <= 0 or cutoffs[-1] > n_classes - 1:
            raise ValueError(
                "cutoffs should be a sequence of unique, positive integers sorted in an increasing order, where each "
                "value is between 1 and n_classes-1"
            )
        self.in_features = in_features
        self.n_classes = n_classes
        self.cutoffs = [*cutoffs, n_classes]
        self.div_value = div_value
        self.head_bias = head_bias
        self.shortlist_size = self.cutoffs[0]
        self.n_clusters = len(self.cutoffs) - 1
        self.head_size = self.shortlist_size + self.n_clusters
        self.head = Linear(in_features, self.head_size, bias=head_bias, **options)
        self.tail = ModuleList()
        for i in range(self.n_clusters):
            width, classes = int(in_features // div_value ** (i + 1)), self.cutoffs[i + 1] - self.cutoffs[i]
            projection = Linear(in_features, width, bias=False, **options)
            self.tail.append(Sequential(projection, Linear(width, classes, bias=False, **options)))

    def reset_parameters(self):
        """Draw all weights anew."""
        self.head.reset_parameters()
        for projection, classes in self.tail:
            projection.reset_parameters()
            classes.reset_parameters()

    def forward(self, input_, target_):
        single = target_.dim() == 0
        if single:
            if input_.dim() != 1:
                raise RuntimeError(
                    f"0D target tensor expects 1D input tensors, but found inputs with size {input_.size()}"
                )
            input_, target_ = input_.unsqueeze(0), target_.unsqueeze(0)
        elif target_.dim() != 1:
            raise RuntimeError("0D or 1D target tensor expected, multi-target not supported")
        elif input_.shape[0] != target_.shape[0] or input_.dim() != 2:
            raise RuntimeError("Input and target should have the same size in the batch dimension.")
        self._check_targets(target_)
        output = self._log_probability(input_, target_)
        loss = (-output).mean()
        return _ASMoutput(output.squeeze(0) if single else output, loss)

    def _check_targets(self, target):
        if target.numel() and not 0 <= int(target.min()) <= int(target.max()) < self.n_classes:
            raise RuntimeError(
                f"Target values should be in [0, {self.n_classes - 1}], but values in range "
                f"[{int(target.min())}, {int(target.max())}] were found. "
            )

    def _log_probability(self, input, target):
        """That of each target: of its cluster, plus of it within the cluster, computed for the rows of the cluster."""
        in_head, within = target.clone(), input.new_zeros(target.shape)
        for i in range(self.n_clusters):
            low, high = self.cutoffs[i], self.cutoffs[i + 1]
            rows = ((target >= low) & (target < high)).nonzero().reshape(-1)
            if rows.numel():
                in_head[rows] = self.shortlist_size + i
                log_p = F.log_softmax(self.tail[i](input.index_select(0, rows)), dim=1)
                chosen = log_p.gather(1, (target[rows] - low).unsqueeze(1)).squeeze(1)
                within = within.index_add(0, rows, chosen)
        head = F.log_softmax(self.head(input), dim=1)
        return within + head.gather(1, in_head.unsqueeze(1)).squeeze(1)

    def log_prob(self, input):
        """The log-probabilities (N, n_classes) of all classes for input (N, in_features)."""
        head = F.log_softmax(self.head(input), dim=1)
        parts = [head[:, : self.shortlist_size]]
        for i, tail in enumerate(self.tail):
            of_cluster = head[:, self.shortlist_size + i].unsqueeze(1)
            parts.append(F.log_softmax(tail(input), dim=1) + of_cluster)
        return fb.cat(parts, 1)

    def predict(self, input):
        """The class (N,) of the highest probability for input (N, in_features)."""
        return self.log_prob(input).argmax(1)
