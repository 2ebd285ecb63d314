"""VGG16's convolutions as data, and the sizes that follow from them."""

from __future__ import annotations

from dataclasses import dataclass

IMAGENET_MEAN_RGB = (123.68, 116.779, 103.939)
"""Mean of ImageNet's pixels, 0 to 255, as VGG's own preprocessing subtracts it (Simonyan and Zisserman 2015)."""


@dataclass(frozen=True)
class Convolution:
    """One 3×3 convolution with bias and ReLU, stride 1, zero padding."""

    name: str
    block: int
    inputs: int
    outputs: int

    @property
    def kernel_shape(self) -> tuple[int, int, int, int]:
        """Shape of the kernel: height, width, input channels, output channels."""
        return (3, 3, self.inputs, self.outputs)


CONVOLUTIONS = (
    Convolution("block1_conv1", 1, 3, 64),
    Convolution("block1_conv2", 1, 64, 64),
    Convolution("block2_conv1", 2, 64, 128),
    Convolution("block2_conv2", 2, 128, 128),
    Convolution("block3_conv1", 3, 128, 256),
    Convolution("block3_conv2", 3, 256, 256),
    Convolution("block3_conv3", 3, 256, 256),
    Convolution("block4_conv1", 4, 256, 512),
    Convolution("block4_conv2", 4, 512, 512),
    Convolution("block4_conv3", 4, 512, 512),
    Convolution("block5_conv1", 5, 512, 512),
    Convolution("block5_conv2", 5, 512, 512),
    Convolution("block5_conv3", 5, 512, 512),
)
"""VGG16's convolutions, first to last (configuration D); a 2×2 max-pooling follows each block."""

CONVOLUTION_LAYERS = tuple(convolution.name for convolution in CONVOLUTIONS)
CHANNELS = CONVOLUTIONS[-1].outputs


def evidence_side(image_size: int) -> int:
    """Return the side of block5_conv3's map for a square image of `image_size` pixels (four poolings)."""
    return image_size // 16


def pooled_side(image_size: int) -> int:
    """Return the side of block5_pool's map for a square image of `image_size` pixels (five poolings)."""
    return image_size // 32


def dense_inputs(image_size: int, head: str) -> int:
    """Return how many values the dense layer sees, for head `flatten` or `gap`."""
    return CHANNELS if head == "gap" else CHANNELS * pooled_side(image_size) ** 2


def parameter_count(image_size: int, classes: int, head: str = "flatten", dense_units: int = 1024) -> int:
    """Return the network's number of weights."""
    convolutions = sum(9 * c.inputs * c.outputs + c.outputs for c in CONVOLUTIONS)
    dense = (dense_inputs(image_size, head) + 1) * dense_units
    return convolutions + dense + (dense_units + 1) * classes


def activation_count(image_size: int) -> int:
    """Return how many values the convolutions and poolings put out for one image."""
    total = 0
    side = image_size
    for index, convolution in enumerate(CONVOLUTIONS):
        total += side * side * convolution.outputs
        if index + 1 == len(CONVOLUTIONS) or CONVOLUTIONS[index + 1].block != convolution.block:
            side //= 2
            total += side * side * convolution.outputs
    return total
