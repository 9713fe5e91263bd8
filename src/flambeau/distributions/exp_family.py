"""`ExponentialFamily`, the base class of families with natural parameters."""

import flambeau as fb

from .distribution import Distribution


class ExponentialFamily(Distribution):
    """A family of densities exp(<t(x), theta> - F(theta) + k(x)) with natural parameters theta, log-normaliser F and
    carrier measure k.

    `_natural_params` (a tuple of tensors), `_log_normalizer(*natural_params)` and `_mean_carrier_measure`, the mean of
    k, give entropy and kl_divergence through the gradient of F (F. Nielsen, R. Nock: Entropies and cross-entropies of
    exponential families, 2010).
    """

    @property
    def _natural_params(self):
        raise NotImplementedError(f"{type(self).__name__} does not define its natural parameters")

    def _log_normalizer(self, *natural_params):
        raise NotImplementedError(f"{type(self).__name__} does not define its log-normaliser")

    @property
    def _mean_carrier_measure(self):
        raise NotImplementedError(f"{type(self).__name__} does not define the mean of its carrier measure")

    def _bregman(self):
        """(natural parameters, F of them, its gradients), differentiable in the parameters that require gradients"""
        recorded = fb.is_grad_enabled() and any(p.requires_grad for p in self._natural_params)
        with fb.enable_grad():
            natural = [p if p.requires_grad else p.detach().requires_grad_() for p in self._natural_params]
            normalizer = self._log_normalizer(*natural)
            gradients = fb.autograd.grad(normalizer.sum(), natural, create_graph=recorded)
        if not recorded:
            natural, normalizer = [p.detach() for p in natural], normalizer.detach()
        return natural, normalizer, gradients

    def entropy(self):
        """entropy() -> Tensor: F(theta) - <theta, grad F> - the mean of k"""
        natural, normalizer, gradients = self._bregman()
        result = normalizer - self._mean_carrier_measure
        for parameter, gradient in zip(natural, gradients, strict=True):
            result = result - (parameter * gradient).reshape((*self._batch_shape, -1)).sum(-1)
        return result
