"""What a served model says about itself, in the metadata of its ONNX file."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from allcore.errors import FileError, ModelFileError
from allcore.json_text import fields_of, of_another_schema, parse_json
from allcore.networks.registry import TRUNKS
from allcore.networks.trunk import Trunk
from allcore.networks.vgg16 import VGG16

KEY = "allscope"
METADATA_SCHEMA = 2
_READABLE_SCHEMAS = (1, METADATA_SCHEMA)
DIGEST_LENGTH = 16
NOT_SAID = "the model's file does not say what it was trained on, so these images may have been among it"


class NoveltyReference(BaseModel):
    """Training features and colours as Gaussians (see `allcore.inference.novelty`).

    Arrays are base64 text of little-endian float32: of the features `means` (classes, units), `axes` (k, units) and
    `scales` (k,); of the colour moments `colour_means` (classes, 9) and `colour_whitening` (classes × 9, 9), both empty
    in a file of schema 1, which knew no colours.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    means: str
    axes: str
    scales: str
    residual_scale: float = Field(gt=0)
    colour_means: str
    colour_whitening: str
    threshold: float = Field(ge=0)
    units: int = Field(ge=1)


class Agreement(BaseModel):
    """How the int8 graph compares with the float32 one on the run's validation images, and in seconds for one image.

    `mean_change` and `largest_change` are of an image's most changed probability, 0 to 1, before the temperature.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    images: int = Field(ge=1)
    labels_differing: int = Field(ge=0)
    mean_change: float = Field(ge=0, le=1)
    largest_change: float = Field(ge=0, le=1)
    float32_seconds: float = Field(gt=0)
    int8_seconds: float = Field(gt=0)


class ViewScore(BaseModel):
    """What one probe showed of a model: accuracy on its run's test images changed that way, with its 95 % interval.

    `lowest_recall` is that of `lowest_class`. Where an image of another class lent something, `followed_other` is the
    part of the images that were called that class, `followed_neither` the part called neither class. All are fractions.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    probe: str
    accuracy: float = Field(ge=0, le=1)
    interval: tuple[float | None, float | None]
    lowest_class: str | None = None
    lowest_recall: float | None = Field(default=None, ge=0, le=1)
    followed_other: float | None = Field(default=None, ge=0, le=1)
    followed_neither: float | None = Field(default=None, ge=0, le=1)


class HeldOutScore(BaseModel):
    """What the test images of a model's run gave: accuracy, a fraction, with its 95 % interval.

    `twins` of the `images` share a group with one in train. `shortcut` is the shortcut baseline with the highest
    accuracy on the same images, None where none were scored. `views` are the probes that were made, in their order.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    images: int = Field(ge=1)
    twins: int = Field(ge=0)
    accuracy: float = Field(ge=0, le=1)
    interval: tuple[float | None, float | None]
    shortcut: str | None = None
    shortcut_accuracy: float | None = Field(default=None, ge=0, le=1)
    views: tuple[ViewScore, ...] = ()


class ServedMetadata(BaseModel):
    """Everything that a served model carries beside its graph.

    `card` is Markdown; `command` trains such a model again; `arithmetic` and `agreement` say why this graph is served;
    `held_out` is there when the model was exported.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    schema_number: int = METADATA_SCHEMA
    classes: tuple[str, ...] = Field(min_length=2)
    image_size: int = Field(ge=32, le=1024)
    run: str
    dataset_fingerprint: str
    temperature: float = Field(gt=0)
    novelty: NoveltyReference
    split_digests: dict[str, tuple[str, ...]] = Field(
        description="first 16 hexadecimal digits of the SHA-256 of each image file, by split"
    )
    config: dict[str, Any]
    licence: str
    card: str
    title: str = ""
    command: str = ""
    arithmetic: Literal["float32", "int8"] = "float32"
    agreement: Agreement | None = None
    held_out: HeldOutScore | None = None

    @field_validator("classes")
    @classmethod
    def _distinct(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(value)) != len(value):
            raise ValueError("class names repeat")
        return value

    @property
    def trunk(self) -> Trunk:
        """The trunk of the network."""
        return TRUNKS[self.network]

    @property
    def network(self) -> str:
        """The network's name; VGG16's where the file does not say, as those of earlier versions."""
        return str(self.config.get("network", VGG16.name))

    @property
    def says_training(self) -> bool:
        """Whether the file says which images the model was trained on."""
        return bool(self.split_digests.get("train"))

    def split_of(self, sha256: str) -> str | None:
        """Return the split in which the model's run had the file with this SHA-256, or None; of several, the first."""
        return self._splits.get(sha256[:DIGEST_LENGTH])

    @cached_property
    def _splits(self) -> dict[str, str]:
        """The split of each digest: train, where a copy of the file lies in another part as well."""
        return {digest: split for split in reversed(self.split_digests) for digest in self.split_digests[split]}


def without_places(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return a run's settings for whom its model is passed on to: not where files and folders lie, nor its study."""
    kept = {name: value for name, value in config.items() if name not in ("dataset", "weights", "study", "place")}
    split = kept.get("split")
    if isinstance(split, dict) and isinstance(split.get("groups"), str):
        kept["split"] = {**split, "groups": Path(split["groups"]).name}
    return kept


def to_properties(metadata: ServedMetadata) -> dict[str, str]:
    """Return the metadata as the string properties of an ONNX file."""
    return {KEY: metadata.model_dump_json()}


def from_properties(properties: dict[str, str]) -> ServedMetadata:
    """Read the metadata from an ONNX file's properties. Raises `ModelFileError` when they are not ALLscope's."""
    if KEY not in properties:
        raise ModelFileError("this ONNX file was not written by ALLscope: it carries no description of its classes")
    try:
        fields = parse_json(properties[KEY].encode("utf-8", "replace"))
    except FileError as error:
        raise ModelFileError(f"the model's description is damaged ({error})") from None
    schema = fields.get("schema_number") if isinstance(fields, dict) else None
    if schema not in _READABLE_SCHEMAS:
        refusal = of_another_schema("the model's description", schema, METADATA_SCHEMA)
        raise ModelFileError(f"{refusal}, or train again")
    if schema == 1 and isinstance(fields.get("novelty"), dict):
        fields["novelty"] |= {"colour_means": "", "colour_whitening": ""}
    try:
        metadata = ServedMetadata.model_validate(fields)
    except ValidationError as error:
        raise ModelFileError(f"the model's description is damaged ({fields_of(error)})") from None
    if metadata.network not in TRUNKS:
        raise ModelFileError(
            f"the model's network is {metadata.network!r:.40}, this version knows {', '.join(TRUNKS)}; "
            "use the version that wrote it"
        )
    return metadata


def encode_array(array: np.ndarray) -> str:
    """Return a float array as base64 text of little-endian float32."""
    return base64.b64encode(np.ascontiguousarray(array, "<f4").tobytes()).decode("ascii")


def decode_array(text: str, columns: int | None = None) -> np.ndarray:
    """Return the float32 array that `encode_array` wrote, (n,) or (n, columns). Raises `ModelFileError`."""
    try:
        array = np.frombuffer(base64.b64decode(text, validate=True), "<f4")
        array = array if columns is None else array.reshape(-1, columns)
    except ValueError as error:
        raise ModelFileError(f"an array in the model's description is damaged ({error})") from None
    if not np.isfinite(array).all():
        raise ModelFileError("an array in the model's description is damaged (it holds values that are no numbers)")
    return array
