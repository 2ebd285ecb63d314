"""What a run is asked to do: frozen, validated, and the paper's values by default.

Every field's default is what the paper states or, where it is silent, how `allcore.paper` reads it.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Final, Literal, Self

from pydantic import Field, ValidationError, ValidationInfo, field_validator, model_validator

from allcore.config_parts import AugmentConfig, Fraction, Frozen, Seed, SplitConfig, can_be_recorded
from allcore.errors import ConfigError, FileError
from allcore.json_text import field_of, of_another_schema, read_json
from allcore.networks.registry import TRUNKS
from allcore.networks.trunk import Stage, Trunk

CONFIG_SCHEMA = 2
_READABLE_SCHEMAS = (1, CONFIG_SCHEMA)
_LARGEST_BYTES = 2**20

AS_GIVEN: Final = "as_given"
CORRECTED: Final = "corrected"
LABELS: Final = (AS_GIVEN, CORRECTED)
"""Whose word on an image's class counts: the folders', or that of the judgements made so far."""
LABELS_EXPECTED: Final = f"expected {', '.join(LABELS)}, or {CORRECTED}- and the digest that a run recorded"
_CORRECTED_VERSION = re.compile(rf"{CORRECTED}-[0-9a-f]{{12}}")


class TrainConfig(Frozen):
    """One training run: the paper's configuration unless a field says otherwise."""

    dataset: str = Field(description="the dataset's folder")
    variant: str | None = Field(None, description="variant folder of the dataset; the first by name when unset")

    labels: str = Field(
        AS_GIVEN,
        description="as_given: the classes of the folders; corrected: as the labels were judged, without what was "
        "excluded; a run records which judgements, as corrected-DIGEST, and takes that as well",
    )

    image_size: int = Field(300, ge=32, le=1024, description="side in pixels of the images that the network sees")
    epochs: int = Field(25, ge=1, le=10_000, description="passes over the training images")
    batch_size: int = Field(32, ge=1, le=4096, description="images per optimizer step")
    learning_rate: float = Field(1e-5, gt=0.0, le=1.0, description="step size of the optimizer")
    learning_rate_schedule: Literal["constant", "cosine", "plateau"] = Field(
        "constant",
        description="cosine: falls to zero over all epochs; plateau: halved after 3 epochs without progress",
    )
    warmup_epochs: int = Field(
        0, ge=0, le=1000, description="epochs over which the learning rate rises from zero to its value"
    )
    clip_norm: float | None = Field(
        None, gt=0.0, description="largest norm of the gradient over all weights; larger ones are scaled down to it"
    )
    optimizer: Literal["adam", "adamw", "sgd"] = Field("adam", description="sgd has momentum 0.9")
    early_stopping: int | None = Field(
        None, ge=1, description="stop after this many epochs without a lower validation loss"
    )
    keep: Literal["best", "last"] = Field(
        "best", description="epoch whose weights are served. best: lowest validation loss; last: the last one trained"
    )
    class_weights: Literal["none", "balanced"] = Field(
        "none", description="balanced: every class has the same weight in the loss"
    )

    network: str = Field("vgg16", description=f"the network below the paper's head: {', '.join(TRUNKS)}")
    weights: str = Field("imagenet", description="imagenet, random, or the path of a .weights.h5 file")
    trainable_from: str = Field("block1_conv1", description="first layer or stage of the network that is fine-tuned")
    trainable_to: str = Field("block4_conv3", description="last layer or stage of the network that is fine-tuned")
    head: Literal["flatten", "gap"] = Field("flatten", description="gap: global average pooling")
    dense_units: int = Field(1024, ge=1, le=8192, description="width of the dense layer")
    dropout: Fraction = Field(0.25, description="fraction of dense activations dropped while training")

    split: SplitConfig = SplitConfig()
    augment: AugmentConfig = AugmentConfig()

    seed: Seed = Field(0, description="seed of initialisation, order, augmentation and dropout")
    device: Literal["auto", "cpu", "gpu"] = Field("auto", description="auto: a GPU when there is one")
    devices: int = Field(1, ge=1, le=64, description="GPUs that share each batch; a run has as many to itself")
    precision: Literal["auto", "float32", "mixed_bfloat16", "mixed_float16"] = Field(
        "auto", description="auto: the fastest that the device supports"
    )
    micro_batch_size: int | None = Field(None, ge=1, description="images at once on the device; unset: as many as fit")
    checkpoint_minutes: float = Field(
        5.0, gt=0.0, description="minutes after which a checkpoint is saved within an epoch"
    )
    study: str | None = Field(None, description="name of the study that this run belongs to")
    place: str | None = Field(None, description="the run's place in its study")

    @model_validator(mode="before")
    @classmethod
    def _fine_tuned_as_the_network_is(cls, fields: Any) -> Any:  # noqa: ANN401 - whatever a user typed
        """Give a network other than the paper's its own range of layers, where none is asked for."""
        if isinstance(fields, dict) and isinstance(fields.get("network"), str) and fields["network"] in TRUNKS:
            first, last = TRUNKS[fields["network"]].fine_tuned
            return {"trainable_from": first, "trainable_to": last, **fields}
        return fields

    _recordable = field_validator("dataset", "variant", "weights", "study", "place")(can_be_recorded)

    @field_validator("labels")
    @classmethod
    def _known_labels(cls, value: str) -> str:
        if not names_labels(value):
            raise ValueError(LABELS_EXPECTED)
        return value

    @field_validator("network")
    @classmethod
    def _known_network(cls, value: str) -> str:
        if value not in TRUNKS:
            raise ValueError(f"unknown network; expected one of {', '.join(TRUNKS)}")
        return value

    @field_validator("trainable_from", "trainable_to")
    @classmethod
    def _known_layer(cls, value: str, info: ValidationInfo) -> str:
        trunk = TRUNKS.get(info.data.get("network", ""))
        if trunk is not None and value not in trunk.stage_names:
            raise ValueError(f"unknown layer; expected one of {', '.join(trunk.stage_names)}")
        return value

    @model_validator(mode="after")
    def _layers_in_order(self) -> Self:
        names = self.trunk.stage_names
        if names.index(self.trainable_from) > names.index(self.trainable_to):
            raise ValueError(f"trainable_from {self.trainable_from} comes after trainable_to {self.trainable_to}")
        return self

    @model_validator(mode="after")
    def _warmed_up_in_time(self) -> Self:
        if self.warmup_epochs >= self.epochs:
            raise ValueError(
                f"expected fewer warmup_epochs than epochs, received {self.warmup_epochs} of {self.epochs}"
            )
        return self

    @model_validator(mode="after")
    def _can_be_shared(self) -> Self:
        """A gradient's norm and a batch's statistics are of the whole batch, of which a device has a part."""
        if self.devices > 1 and self.device == "cpu":
            raise ValueError(f"devices: a processor is one device, {self.devices} were asked for")
        if self.devices > 1 and self.clip_norm is not None:
            raise ValueError(f"clip_norm needs the whole batch on one device, {self.devices} were asked for")
        if self.devices > 1 and self.trunk.batch_normalised:
            raise ValueError(
                f"network {self.network} normalises whole batches on one device, {self.devices} were asked for"
            )
        return self

    @property
    def trunk(self) -> Trunk:
        """The table of the network below the head."""
        return TRUNKS[self.network]

    @property
    def fine_tuned(self) -> tuple[Stage, ...]:
        """The layers or stages of the trunk that learn, first to last."""
        names = self.trunk.stage_names
        return self.trunk.stages[names.index(self.trainable_from) : names.index(self.trainable_to) + 1]

    def parameter_count(self, classes: int) -> int:
        """Return the number of weights of the whole network for so many classes."""
        return self.trunk.parameter_count(self.image_size, classes, self.head, self.dense_units)

    def to_json(self) -> str:
        """Return the configuration as JSON text with its schema number."""
        return json.dumps({"schema": CONFIG_SCHEMA, **self.model_dump(mode="json")}, indent=2)


def names_labels(text: str) -> bool:
    """Return whether a text is the name of a version of a dataset's labels, be there such a one or not."""
    return text in LABELS or bool(_CORRECTED_VERSION.fullmatch(text))


def make_config(**fields: Any) -> TrainConfig:  # noqa: ANN401 - whatever a user typed; validation is what this does
    """Return a validated `TrainConfig`.

    Raises `ConfigError` naming each field that is out of range, what was received and what is expected.
    """
    try:
        return TrainConfig(**fields)
    except ValidationError as error:
        raise ConfigError("; ".join(_explain(item) for item in error.errors())) from None


def read_config(path: Path) -> TrainConfig:
    """Read a run's `config.json`. Raises `ConfigError` when it is damaged or from a newer version."""
    try:
        fields = read_json(path, _LARGEST_BYTES)
    except FileError as error:
        raise ConfigError(f"{path.name} cannot be read ({error})") from None
    return parse_config(fields, path.name)


def parse_config(fields: object, name: str) -> TrainConfig:
    """Return the configuration that `TrainConfig.to_json` wrote, also by an older version; `name` is its file's.

    Raises `ConfigError` when it is damaged or from a newer version.
    """
    if not isinstance(fields, dict) or "schema" not in fields:
        raise ConfigError(f"{name} cannot be read (it is not a JSON object with a schema)")
    schema = fields.get("schema")
    if schema not in _READABLE_SCHEMAS:
        raise ConfigError(of_another_schema(name, schema, CONFIG_SCHEMA))
    known = {field: value for field, value in fields.items() if field != "schema"}
    if schema == 1 and "sweep" in known:  # what a study of image sizes was called
        known["study"] = known.pop("sweep")
    return make_config(**known)


def _explain(item: Any) -> str:  # noqa: ANN401 - pydantic's ErrorDetails
    field = field_of(item)
    message = item["msg"].removeprefix("Value error, ")
    if item["type"] == "missing":
        return f"{field}: missing"
    if not field:
        return str(message)
    if item["type"] == "value_error" and isinstance(item["input"], dict):  # fields that do not fit together
        return f"{field}: {message}"
    return f"{field}: {message[:1].lower()}{message[1:]} (received {item['input']!r:.100})"
