"""The names of 0.3 that `torch.nn` and its neighbours have."""

import functools

import pytest

import flambeau.v03 as torch

NAMES = {
    "nn": (
        "AdaptiveAvgPool1d AdaptiveAvgPool2d AdaptiveAvgPool3d AdaptiveMaxPool1d AdaptiveMaxPool2d AdaptiveMaxPool3d "
        "AlphaDropout AvgPool1d AvgPool2d AvgPool3d BCELoss BCEWithLogitsLoss BatchNorm1d BatchNorm2d BatchNorm3d "
        "Bilinear ConstantPad1d ConstantPad2d ConstantPad3d Container Conv1d Conv2d Conv3d ConvTranspose1d "
        "ConvTranspose2d ConvTranspose3d CosineEmbeddingLoss CosineSimilarity CrossEntropyLoss DataParallel Dropout "
        "Dropout2d Dropout3d ELU Embedding GLU Hardshrink Hardtanh HingeEmbeddingLoss InstanceNorm1d InstanceNorm2d "
        "InstanceNorm3d KLDivLoss L1Loss LeakyReLU Linear LogSigmoid LogSoftmax MSELoss MarginRankingLoss MaxPool1d "
        "MaxPool2d MaxPool3d Module ModuleList MultiLabelMarginLoss MultiLabelSoftMarginLoss MultiMarginLoss NLLLoss "
        "NLLLoss2d PReLU PairwiseDistance Parameter ParameterList PixelShuffle PoissonNLLLoss RReLU ReLU ReLU6 "
        "ReflectionPad1d ReflectionPad2d ReplicationPad1d ReplicationPad2d ReplicationPad3d SELU Sequential Sigmoid "
        "SmoothL1Loss SoftMarginLoss Softmax Softmax2d Softmin Softplus Softshrink Softsign Tanh Tanhshrink Threshold "
        "TripletMarginLoss ZeroPad2d "
    ),
    "nn.functional": (
        "adaptive_avg_pool1d adaptive_avg_pool2d adaptive_avg_pool3d adaptive_max_pool1d adaptive_max_pool2d "
        "adaptive_max_pool3d alpha_dropout avg_pool1d avg_pool2d avg_pool3d batch_norm bilinear binary_cross_entropy "
        "binary_cross_entropy_with_logits conv1d conv2d conv3d conv_transpose1d conv_transpose2d conv_transpose3d "
        "cosine_embedding_loss cosine_similarity cross_entropy dropout dropout2d dropout3d elu embedding glu "
        "hardshrink hardtanh hinge_embedding_loss kl_div l1_loss leaky_relu linear log_softmax logsigmoid "
        "margin_ranking_loss max_pool1d max_pool2d max_pool3d mse_loss multi_margin_loss multilabel_margin_loss "
        "multilabel_soft_margin_loss nll_loss normalize pad pairwise_distance pixel_shuffle poisson_nll_loss prelu "
        "relu relu6 rrelu selu sigmoid smooth_l1_loss soft_margin_loss softmax softmin softplus softshrink softsign "
        "tanh tanhshrink threshold triplet_margin_loss "
    ),
    "nn.init": (
        "calculate_gain constant dirac eye kaiming_normal kaiming_uniform normal orthogonal sparse uniform "
        "xavier_normal xavier_uniform "
    ),
    "nn.utils": (
        "clip_grad_norm parameters_to_vector remove_weight_norm vector_to_parameters weight_norm "
    ),
    "optim": (
        "Adagrad Adam Optimizer Optimizer.add_param_group Optimizer.step Optimizer.zero_grad RMSprop SGD "
        "lr_scheduler.ExponentialLR lr_scheduler.LambdaLR lr_scheduler.MultiStepLR lr_scheduler.ReduceLROnPlateau "
        "lr_scheduler.StepLR "
    ),
    "distributions": (
        "Bernoulli Bernoulli.log_prob Bernoulli.sample Bernoulli.sample_n Categorical Categorical.log_prob "
        "Categorical.sample Categorical.sample_n Distribution Distribution.log_prob Distribution.sample "
        "Distribution.sample_n Normal Normal.log_prob Normal.sample Normal.sample_n "
    ),
    "random": (
        "fork_rng get_rng_state initial_seed manual_seed set_rng_state "
    ),
    "autograd": (
        "Function NestedIOFunction StochasticFunction Variable backward function.BackwardCFunction function.Function "
        "function.FunctionMeta function.InplaceFunction function.NestedIOFunction function.once_differentiable "
        "function.traceable grad gradcheck.gradcheck gradcheck.gradgradcheck "
    ),
}


@pytest.mark.parametrize(("package", "names"), NAMES.items(), ids=NAMES)
def test_names(package, names):
    found = functools.reduce(getattr, package.split("."), torch)
    for name in names.split():
        assert functools.reduce(getattr, name.split("."), found) is not None, name


def test_methods_of_modules():
    for name in (
        "dump_patches forward register_buffer register_parameter add_module apply cuda cpu type float double half "
        "register_backward_hook register_forward_pre_hook register_forward_hook state_dict load_state_dict parameters "
        "named_parameters children named_children modules named_modules train eval zero_grad share_memory"
    ).split():
        assert hasattr(torch.nn.Module, name), name


def test_members_of_ctx():
    for name in (
        "apply backward backward_extended forward forward_extended is_traceable mark_dirty mark_non_differentiable "
        "mark_shared_storage metadata needs_input_grad next_functions register_hook save_for_backward saved_tensors "
        "saved_variables"
    ).split():
        assert hasattr(torch.autograd.NestedIOFunction(), name), name
