"""Networks with random weights and biases, and images for them."""

import keras
import numpy as np

from allcore.config import make_config
from allcore.model.build import build_network
from allcore.model.trained import network_weights


def random_network(size, head="flatten", images=3, network="vgg16"):
    """Return a Keras model of 4 classes, its weights as the served graph wants them, and uint8 images."""
    keras.utils.set_random_seed(0)
    config = make_config(dataset="smears", network=network, image_size=size, head=head, dense_units=64)
    model = build_network(config, 4)
    rng = np.random.default_rng(1)
    for weight in model.weights:
        if weight.name == "bias":
            weight.assign(rng.normal(0, 0.3, weight.shape))
    return model, network_weights(model, config), rng.integers(0, 256, (images, size, size, 3)).astype(np.uint8)
