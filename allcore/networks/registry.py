"""The trunks by their names. A new one is a file beside this one and a line here."""

from __future__ import annotations

from allcore.networks.densenet121 import DENSENET121
from allcore.networks.efficientnetv2b0 import EFFICIENTNETV2B0
from allcore.networks.mobilenetv3small import MOBILENETV3SMALL
from allcore.networks.resnet50 import RESNET50
from allcore.networks.trunk import Trunk
from allcore.networks.vgg16 import VGG16

TRUNKS: dict[str, Trunk] = {
    trunk.name: trunk for trunk in (VGG16, DENSENET121, RESNET50, MOBILENETV3SMALL, EFFICIENTNETV2B0)
}
