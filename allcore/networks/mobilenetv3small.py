"""MobileNetV3-Small (Howard et al. 2019)."""

from __future__ import annotations

from allcore.networks.trunk import Preprocessing, Stage, Trunk, as_at_224

MOBILENETV3SMALL = Trunk(
    name="mobilenetv3small",
    title="MobileNetV3-Small",
    description="eleven inverted bottleneck blocks of depthwise convolutions, nine with squeeze-and-excitation",
    application="MobileNetV3Small",
    options={"include_preprocessing": False},
    preprocessing=Preprocessing("RGB", mean=(127.5, 127.5, 127.5), scale=(1 / 127.5, 1 / 127.5, 1 / 127.5)),
    stages=(
        Stage("stage1", r"conv(_bn)?"),
        Stage("stage2", r"expanded_conv_[a-z].*"),
        Stage("stage3", r"expanded_conv_[12]_.*"),
        Stage("stage4", r"expanded_conv_[3-7]_.*"),
        Stage("stage5", r"expanded_conv_(8|9|10)_.*|conv_1(_bn)?"),
    ),
    fine_tuned=("stage1", "stage4"),
    channels=576,
    halvings_rounded_up=5,
    parameters=939_120,
    activations=as_at_224(5_054_528),
    weights_file="weights_mobilenet_v3_small_224_1.0_float_no_top_v2.h5",
    megabytes=4,
    credit="A. Howard et al., Searching for MobileNetV3, 2019; Apache licence 2.0.",
)
