"""VGG16 (Simonyan and Zisserman 2015, configuration D): the paper's trunk."""

from __future__ import annotations

from allcore.networks.trunk import CENTRED_BGR, Convolution, Stage, Trunk

_WIDTHS = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))


def _convolutions() -> tuple[Convolution, ...]:
    found: list[Convolution] = []
    inputs = 3
    for block, widths in enumerate(_WIDTHS, start=1):
        for number, outputs in enumerate(widths, start=1):
            found.append(Convolution(f"block{block}_conv{number}", block, inputs, outputs))
            inputs = outputs
    return tuple(found)


CONVOLUTIONS = _convolutions()
"""The convolutions, first to last; a 2×2 max-pooling follows each block."""


def _activations(image_size: int) -> int:
    total, side = 0, image_size
    for widths in _WIDTHS:
        total += side * side * sum(widths)
        side //= 2
        total += side * side * widths[-1]
    return total


VGG16 = Trunk(
    name="vgg16",
    title="VGG16",
    description="thirteen 3×3 convolutions in five blocks, each followed by 2×2 max-pooling",
    application="VGG16",
    preprocessing=CENTRED_BGR,
    stages=tuple(Stage(convolution.name, convolution.name) for convolution in CONVOLUTIONS),
    fine_tuned=("block1_conv1", "block4_conv3"),
    channels=512,
    halvings_rounded_up=0,
    parameters=sum(9 * c.inputs * c.outputs + c.outputs for c in CONVOLUTIONS),
    activations=_activations,
    weights_file="vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5",
    megabytes=59,
    credit="K. Simonyan and A. Zisserman, Very Deep Convolutional Networks for Large-Scale Image Recognition, 2015; "
    "Visual Geometry Group, University of Oxford, CC BY 4.0.",
    imagenet_files=frozenset({"a2f51117308129c3de9a523c91d35160eb75a6a9e5db1e2afb4f48e48dfb733a"}),
    ends_in_pooling=True,
    batch_normalised=False,
    convolutions=CONVOLUTIONS,
)
