"""ResNet50 (He et al. 2016)."""

from __future__ import annotations

from allcore.networks.trunk import CENTRED_BGR, Stage, Trunk, as_at_224

RESNET50 = Trunk(
    name="resnet50",
    title="ResNet50",
    description="a 7×7 convolution and sixteen bottleneck blocks with shortcuts, in four stages",
    application="ResNet50",
    preprocessing=CENTRED_BGR,
    stages=tuple(Stage(f"conv{number}", rf"conv{number}_.*") for number in range(1, 6)),
    fine_tuned=("conv1", "conv4"),
    channels=2048,
    halvings_rounded_up=5,
    parameters=23_587_712,
    activations=as_at_224(36_966_636),
    weights_file="resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5",
    megabytes=95,
    credit="K. He, X. Zhang, S. Ren and J. Sun, Deep Residual Learning for Image Recognition, 2016; MIT licence.",
)
