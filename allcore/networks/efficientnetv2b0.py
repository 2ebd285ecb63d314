"""EfficientNetV2-B0 (Tan and Le 2021)."""

from __future__ import annotations

from allcore.networks.trunk import STANDARDISED_RGB, Stage, Trunk, as_at_224

EFFICIENTNETV2B0 = Trunk(
    name="efficientnetv2b0",
    title="EfficientNetV2-B0",
    description="twenty-one inverted bottleneck blocks in six groups, the later ones with squeeze-and-excitation",
    application="EfficientNetV2B0",
    options={"include_preprocessing": False},
    preprocessing=STANDARDISED_RGB,
    stages=(
        Stage("stage1", r"(stem|block1.)_.*"),
        Stage("stage2", r"block2._.*"),
        Stage("stage3", r"block3._.*"),
        Stage("stage4", r"block[45]._.*"),
        Stage("stage5", r"(block6.|top)_.*"),
    ),
    fine_tuned=("stage1", "stage4"),
    channels=1280,
    halvings_rounded_up=5,
    parameters=5_919_312,
    activations=as_at_224(15_713_168),
    weights_file="efficientnetv2-b0_notop.h5",
    megabytes=24,
    credit="M. Tan and Q. Le, EfficientNetV2: Smaller Models and Faster Training, 2021; Apache licence 2.0.",
)
