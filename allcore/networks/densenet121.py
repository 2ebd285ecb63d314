"""DenseNet121 (Huang et al. 2017)."""

from __future__ import annotations

from allcore.networks.trunk import STANDARDISED_RGB, Stage, Trunk, as_at_224

DENSENET121 = Trunk(
    name="densenet121",
    title="DenseNet121",
    description="a 7×7 convolution and 58 densely connected layers in four blocks, with transitions that halve the map",
    application="DenseNet121",
    preprocessing=STANDARDISED_RGB,
    stages=(
        Stage("conv1", r"conv1_.*"),
        *(Stage(f"conv{number}", rf"(conv|pool){number}_.*") for number in range(2, 5)),
        Stage("conv5", r"conv5_.*|bn"),
    ),
    fine_tuned=("conv1", "conv4"),
    channels=1024,
    halvings_rounded_up=2,
    parameters=7_037_504,
    activations=as_at_224(49_774_060),
    weights_file="densenet121_weights_tf_dim_ordering_tf_kernels_notop.h5",
    megabytes=29,
    credit="G. Huang, Z. Liu, L. van der Maaten and K. Weinberger, Densely Connected Convolutional Networks, 2017; "
    "BSD 3-clause licence.",
)
