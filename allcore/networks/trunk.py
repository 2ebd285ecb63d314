"""What a trunk is: the convolutional part of a network, which every head of ours can be put on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

HALVINGS = 5
"""How often each of the trunks halves an image's side."""


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


@dataclass(frozen=True)
class Preprocessing:
    """What the trunk's own weights expect of an image: (pixel - mean) × scale, channels in `order`.

    `mean` (0 to 255) and `scale` have one value each for red, green and blue.
    """

    order: Literal["RGB", "BGR"]
    mean: tuple[float, float, float]
    scale: tuple[float, float, float] = (1.0, 1.0, 1.0)


CENTRED_BGR = Preprocessing("BGR", (123.68, 116.779, 103.939))
"""Less the mean of ImageNet's pixels, as VGG's weights want it, and the first ResNets' after them."""
STANDARDISED_RGB = Preprocessing(
    "RGB",
    mean=(255 * 0.485, 255 * 0.456, 255 * 0.406),
    scale=(1 / (255 * 0.229), 1 / (255 * 0.224), 1 / (255 * 0.225)),
)
"""Less the mean of ImageNet's pixels, in units of their deviation."""


@dataclass(frozen=True)
class Stage:
    """A part of the trunk that is fine-tuned or frozen as a whole; `layers` is a pattern of its Keras layers' names."""

    name: str
    layers: str


@dataclass(frozen=True)
class Trunk:
    """One convolutional trunk as `keras.applications` builds it without its top, and what follows from it.

    - `application`: the builder's name there, which is called with `options`.
    - `stages`: all that can be fine-tuned, first to last; `fine_tuned`: the first and the last that are by default. As
      in the paper these are all before the last of five sizes of map.
    - `channels`: of the trunk's output.
    - `halvings_rounded_up`: how many of the five halvings, counted from the first, make 4 places of 7 (the others: 3).
    - `ends_in_pooling`: whether the last halving is a 2×2 max-pooling; the evidence is that of the map before it.
    - `parameters`: the number of the trunk's weights; `activations`: the number of values that its layers put out, by
      the image's side in pixels.
    - `weights_file`: Keras's name for its ImageNet weights; `megabytes`: their size; `credit`: authors and licence.
    - `imagenet_files`: SHA-256 of other files that are known to hold its ImageNet weights.
    - `batch_normalised`: whether it learns statistics of whole batches.
    - `convolutions`: given where the trunk is a plain chain of them, with a pooling after each block.
    """

    name: str
    title: str
    description: str
    application: str
    preprocessing: Preprocessing
    stages: tuple[Stage, ...]
    fine_tuned: tuple[str, str]
    channels: int
    halvings_rounded_up: int
    parameters: int
    activations: Callable[[int], int]
    weights_file: str
    megabytes: int
    credit: str
    imagenet_files: frozenset[str] = frozenset()
    options: Mapping[str, bool] = field(default_factory=dict)
    ends_in_pooling: bool = False
    batch_normalised: bool = True
    convolutions: tuple[Convolution, ...] = ()

    @cached_property
    def stage_names(self) -> tuple[str, ...]:
        """Names of the stages, first to last."""
        return tuple(stage.name for stage in self.stages)

    @property
    def weights_variable(self) -> str:
        """Name of the environment variable that gives the file of this trunk's ImageNet weights."""
        return f"ALLCORE_{self.name.upper()}_WEIGHTS"

    def map_side(self, image_size: int) -> int:
        """Return the side of the map whose evidence is looked for, of a square image of `image_size` pixels."""
        return self._side(image_size, HALVINGS - self.ends_in_pooling)

    def pooled_side(self, image_size: int) -> int:
        """Return the side of the map that the head sees for a square image of `image_size` pixels."""
        return self._side(image_size, HALVINGS)

    def dense_inputs(self, image_size: int, head: str) -> int:
        """Return how many values the dense layer sees, for head `flatten` or `gap`."""
        return self.channels if head == "gap" else self.channels * self.pooled_side(image_size) ** 2

    def parameter_count(self, image_size: int, classes: int, head: str = "flatten", dense_units: int = 1024) -> int:
        """Return the number of weights of the network that has this trunk and a head of that kind."""
        dense = (self.dense_inputs(image_size, head) + 1) * dense_units
        return self.parameters + dense + (dense_units + 1) * classes

    def _side(self, image_size: int, halvings: int) -> int:
        side = image_size
        for number in range(halvings):
            side = (side + (number < self.halvings_rounded_up)) // 2
        return side


def as_at_224(values: int) -> Callable[[int], int]:
    """Return the count of values that layers put out for an image of any size, given that at 224 pixels: by area."""
    return lambda image_size: round(values * (image_size / 224) ** 2)
