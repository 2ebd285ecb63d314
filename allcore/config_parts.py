"""The parts of a run's configuration: how images are divided, and how they are changed while it learns.

Every field's default is what the paper states or, where it is silent, how `allcore.paper` reads it.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from allcore.text import well_formed

Fraction = Annotated[float, Field(ge=0.0, lt=1.0)]
Probability = Annotated[float, Field(ge=0.0, le=1.0)]
Seed = Annotated[int, Field(ge=0, lt=2**32)]


def can_be_recorded(value: str | None) -> str | None:
    """Return a text of a configuration as it is. Raises `ValueError` for one that no file in UTF-8 can hold."""
    if value is not None and value != well_formed(value):
        raise ValueError("expected text in valid UTF-8, which a run can record; rename the file or folder")
    return value


class Frozen(BaseModel):
    """Settings that are checked as they are made and never change afterwards."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, allow_inf_nan=False)


class AugmentConfig(Frozen):
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


class SplitConfig(Frozen):
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
        "their fractions are to each other (stain: one cluster of each class validates)",
    )
    fold: int = Field(1, ge=1, description="which of the folds is the test")
    seed: Seed = Field(0, description="seed of the shuffle")
    groups: str | None = Field(
        None,
        description="CSV with columns file and group (or patient); grouped and patient keep images with one group "
        "together, random and folders use it only to count twins",
    )

    _recordable = field_validator("groups")(can_be_recorded)

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

    @property
    def parts_groups(self) -> bool:
        """Whether there is a table of groups that the protocol does not keep together."""
        return self.groups is not None and self.protocol in ("random", "folders")

    @model_validator(mode="after")
    def _one_of_the_folds(self) -> Self:
        if self.folds is not None and self.protocol == "folders":
            raise ValueError("the dataset's folders make one test part; folds need another protocol")
        if self.fold > (self.folds or 1):
            raise ValueError(f"expected fold to be at most folds, received fold {self.fold} of {self.folds or 'none'}")
        return self
