"""What a run is asked to do: frozen, validated, and the paper's values by default.

Every field's default is what the paper states or, where it is silent, how `allcore.paper` reads it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator, model_validator

from allcore.errors import ConfigError, FileError
from allcore.json_text import read_json
from allcore.networks.registry import TRUNKS
from allcore.networks.trunk import Stage, Trunk
from allcore.text import well_formed

CONFIG_SCHEMA = 2
_READABLE_SCHEMAS = (1, CONFIG_SCHEMA)
_LARGEST_BYTES = 2**20

Fraction = Annotated[float, Field(ge=0.0, lt=1.0)]
Probability = Annotated[float, Field(ge=0.0, le=1.0)]
Seed = Annotated[int, Field(ge=0, lt=2**32)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, allow_inf_nan=False)

    @field_validator("*")
    @classmethod
    def _can_be_recorded(cls, value: object) -> object:
        if isinstance(value, str) and value != well_formed(value):
            raise ValueError("expected text in valid UTF-8, which a run can record; rename the file or folder")
        return value


class AugmentConfig(_Frozen):
    """The random changes that a training image goes through."""

    brightness: tuple[float, float] = Field(
        (0.8, 1.2), description="range of the factor that every pixel is multiplied by"
    )
    degrees: float = Field(20.0, ge=0.0, le=180.0, description="rotation is uniform within ± this many degrees")
    horizontal_flip: bool = Field(True, description="mirror left and right, in half of the images")
    vertical_flip: bool = Field(True, description="mirror top and bottom, in half of the images")
    border: Literal["reflect", "replicate", "white"] = Field(
        "reflect", description="what fills the corners that a rotation uncovers"
    )
    stain_jitter: float = Field(
        0.0,
        ge=0.0,
        le=1.0,
        description="each dye's optical density is multiplied by up to 1 ± this and shifted by up to ± a fifth of this",
    )
    grey: Probability = Field(0.0, description="fraction of images that lose all colour")
    hide_scale_bar: Probability = Field(
        0.0, description="fraction of images whose lower right corner, where scale bars are, is painted over"
    )
    scale: tuple[float, float] = Field(
        (1.0, 1.0), description="range of the magnification; below 1 the border fills what is uncovered"
    )
    transplant: Probability = Field(
        0.0,
        description="fraction of images whose cells are put onto the field of another training image, any class",
    )
    plain_field: Probability = Field(0.0, description="fraction of images whose cells are put onto plain light grey")
    recolour: Probability = Field(
        0.0,
        description="fraction of images that get the colours (mean and spread in Lab) of another training image",
    )
    recolour_strength: Probability = Field(
        1.0, description="how far colours move to the other image's: 0 not at all, 1 fully"
    )

    @field_validator("brightness")
    @classmethod
    def _ordered(cls, value: tuple[float, float]) -> tuple[float, float]:
        low, high = value
        if not 0.0 < low <= high <= 4.0:
            raise ValueError("expected 0 < low <= high <= 4")
        return value

    @field_validator("scale")
    @classmethod
    def _magnifies(cls, value: tuple[float, float]) -> tuple[float, float]:
        low, high = value
        if not 0.25 <= low <= high <= 4.0:
            raise ValueError("expected 0.25 <= low <= high <= 4")
        return value

    @model_validator(mode="after")
    def _one_field_each(self) -> Self:
        if self.transplant + self.plain_field > 1.0:
            raise ValueError(
                f"an image gets one field: expected transplant + plain_field of at most 1, received "
                f"{self.transplant:g} + {self.plain_field:g}"
            )
        return self

    @property
    def changes_fields(self) -> bool:
        """Whether images are taken apart into cells and field, so that cells must be found first."""
        return self.transplant > 0.0 or self.plain_field > 0.0

    @property
    def borrows(self) -> bool:
        """Whether training images lend each other fields or colours."""
        return self.transplant > 0.0 or self.recolour > 0.0


class SplitConfig(_Frozen):
    """How images are divided into train, validation and test."""

    protocol: Literal["random", "grouped", "stain", "patient", "folders"] = Field(
        "random",
        description="random: stratified by class; grouped: images that share a field stay together; stain: whole "
        "stain clusters of each class are held out; patient: images of a patient, or of a group in a table, stay "
        "together; folders: as the dataset's train, val and test folders divide it",
    )
    train: Fraction = Field(0.8, description="fraction of the images to train on")
    validation: Fraction = Field(0.1, description="fraction that chooses the epoch and fits the temperature")
    test: Fraction = Field(0.1, description="fraction that is used only for the final scores")
    folds: int | None = Field(
        None,
        ge=2,
        le=100,
        description="parts of about equal size, of which one is the test; train and validation share the others as "
        "their fractions are to each other",
    )
    fold: int = Field(1, ge=1, description="which of the folds is the test")
    seed: Seed = Field(0, description="seed of the shuffle")
    groups: str | None = Field(
        None, description="CSV with columns file and group (or patient); images with one group stay together"
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        total = self.train + self.validation + self.test
        if abs(total - 1.0) > 1e-6 or min(self.train, self.validation, self.test) <= 0.0:
            raise ValueError(
                f"train, validation and test must each be above 0 and sum to 1, received "
                f"{self.train:g} + {self.validation:g} + {self.test:g} = {total:g}"
            )
        if self.protocol == "patient" and self.groups is None:
            raise ValueError("protocol 'patient' needs groups: a CSV with columns file and patient")
        return self

    @model_validator(mode="after")
    def _one_of_the_folds(self) -> Self:
        if self.folds is not None and self.protocol == "folders":
            raise ValueError("the dataset's folders make one test part; folds need another protocol")
        if self.fold > (self.folds or 1):
            raise ValueError(f"expected fold to be at most folds, received fold {self.fold} of {self.folds or 'none'}")
        return self


class TrainConfig(_Frozen):
    """One training run: the paper's configuration unless a field says otherwise."""

    dataset: str = Field(description="the dataset's folder")
    variant: str | None = Field(None, description="variant folder of the dataset; the first by name when unset")

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


PRESETS: dict[str, dict[str, Any]] = {
    "paper": {},
    "quick": {"image_size": 96, "epochs": 4},
    "cells": {
        "image_size": 150, "epochs": 60, "learning_rate": 1e-4, "learning_rate_schedule": "cosine", "warmup_epochs": 2,
        "clip_norm": 1.0, "keep": "last", "class_weights": "balanced", "dropout": 0.5,
        "augment": {
            "degrees": 180.0, "scale": (0.85, 1.2), "transplant": 0.5, "plain_field": 0.15, "recolour": 0.5,
            "grey": 0.2, "stain_jitter": 0.2,
        },
    },
}  # fmt: skip
"""Fields in which a preset departs from the paper's configuration.

cells: what made the network answer by the nucleated cells, on views of validation images (docs/cells.md).
"""


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
        raise ConfigError(
            f"{name} has schema {schema!r:.20}, this version reads {CONFIG_SCHEMA}; use the version that wrote it"
        )
    known = {field: value for field, value in fields.items() if field != "schema"}
    if schema == 1 and "sweep" in known:  # what a study of image sizes was called
        known["study"] = known.pop("sweep")
    return make_config(**known)


def _explain(item: Any) -> str:  # noqa: ANN401 - pydantic's ErrorDetails
    field = ".".join(str(part) for part in item["loc"])
    message = item["msg"].removeprefix("Value error, ")
    if item["type"] == "missing":
        return f"{field}: missing"
    if not field:
        return str(message)
    if item["type"] == "value_error" and isinstance(item["input"], dict):  # fields that do not fit together
        return f"{field}: {message}"
    return f"{field}: {message[:1].lower()}{message[1:]} (received {item['input']!r:.100})"
