"""The images of a dataset's variant, and how they belong together, that all tabs of the Trust page are about."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import streamlit as st

from allcore.config_parts import SplitConfig
from allcore.data.relations import Relations
from allcore.data.splits.split import Split, make_split
from allcore.errors import DatasetError
from allcore.text import for_page

PROTOCOLS = {
    "folders": "The parts that the dataset's own folders make: train, validation and test.",
    "random": "The paper's protocol: images are drawn class by class, regardless of which belong together.",
    "grouped": "Images of one group stay together: all in train, all in validation, or all in test.",
    "stain": "Whole stain clusters of each class are held out: the test images have colours that train lacks.",
}


@dataclass(frozen=True)
class Examined:
    """Usable catalog rows of a variant below `root`, their relations, and a `key` that changes with either.

    `data` is the dataset's name in the URL.
    """

    root: Path
    data: str
    variant: str
    images: pd.DataFrame
    relations: Relations
    key: str

    @property
    def name(self) -> str:
        """What tells the variant from those of all datasets, whatever becomes of its images."""
        return f"{self.root} {self.variant}"

    @property
    def protocols(self) -> dict[str, str]:
        """The protocols that the page compares, with what they mean; `folders` where these make a split."""
        by_folders = (self.images["part"] != "").any()
        return {name: meaning for name, meaning in PROTOCOLS.items() if by_folders or name != "folders"}

    def config(self, protocol: str) -> SplitConfig:
        """Return the split that the page looks at. Raises `DatasetError` when too little is known for it."""
        if protocol == "stain" and not self.relations.searched:
            raise DatasetError("the stain clusters are not known; they are found together with the shared fields")
        return SplitConfig(protocol=protocol)

    def split(self, protocol: str) -> Split:
        """Return the split that training makes by a protocol, with seed 0. Raises `DatasetError`."""
        return _split(self, self.key, self.config(protocol))

    def pixels_of(self, path: str) -> str:
        """Return the digest of the pixels that an image had when its folder was read."""
        return str(self.images.loc[self.images["path"] == path, "pixel_sha256"].iloc[0])

    def link_to(self, path: str, label: str | None = None) -> None:
        """Show a link to an image's own page, under the image's name if no other `label` is given."""
        query = {"data": self.data, "variant": self.variant, "image": path}
        st.page_link("pages/dataset.py", label=label or for_page(path.rsplit("/", 1)[-1]), query_params=query)


@st.cache_resource(max_entries=32, show_spinner="Splitting …")
def _split(_of: Examined, key: str, config: SplitConfig) -> Split:
    return make_split(_of.images, config, _of.relations)
