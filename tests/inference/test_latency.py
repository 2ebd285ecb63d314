from dataclasses import dataclass, field

import numpy as np

from allcore.inference.latency import latencies, latency
from allcore.inference.network import open_network


@dataclass
class Recorder:
    """Stands for a network and keeps what it was asked."""

    image_size: int
    asked: list[np.ndarray] = field(default_factory=list)

    def run(self, images):
        self.asked.append(images)


def test_one_image_of_the_networks_size_is_asked_each_time_once_more_to_warm_up():
    network = Recorder(40)
    latency(network, calls=3)
    assert [(images.shape, images.dtype) for images in network.asked] == [((1, 40, 40, 3), np.uint8)] * 4


def test_networks_take_turns():
    first, second = Recorder(40), Recorder(50)
    second.asked = first.asked
    latencies([first, second], calls=2)
    assert [images.shape[1] for images in first.asked] == [40, 50] * 3


def test_latency_of_a_served_model_is_a_time(finished_run):
    assert 0.0 < latency(open_network(finished_run.served_model)) < 10.0
