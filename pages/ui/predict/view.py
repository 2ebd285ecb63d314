"""Predict, one image in detail, and what its model says about itself."""

from __future__ import annotations

import re
from functools import partial
from math import isnan
from pathlib import Path

import streamlit as st

from allcore.cells.outline import outlined
from allcore.errors import ImageError, InputError
from allcore.evaluation.probes.evidence_share import evidence_grid
from allcore.evaluation.probes.registry import AS_IT_IS
from allcore.files import stamp
from allcore.inference.metadata import NOT_SAID, HeldOutScore, ServedMetadata
from allcore.inference.overlay import overlay
from allcore.inference.predictor import Prediction, Predictor
from allcore.inference.results import Result
from allcore.number_text import per_cent, per_cent_within
from allcore.reporting.probabilities import probability_bars
from allcore.reporting.probes import image_finding, what_it_looks_at
from allcore.text import for_file, for_page
from pages.ui.choose_class import choose_class
from pages.ui.guarded import guarded
from pages.ui.predict.answers import ImageFile, cells, evidence_file, pixels, similar
from pages.ui.show import figure, gallery

NEIGHBOURS = 5
_LONG_CARD, _CARD_HEIGHT = 1_000, 480
_PREDICTED = "predicted"
_SPLIT_SAYS = {
    "train": "The model was trained on this file, so a right answer says nothing about other images.",
    "validation": "The model was not trained on this file, but its epoch or its temperature was chosen with it.",
    "test": "This file is one of the model's test images: the model was not trained on it.",
    None: "The model was neither trained nor tested on this file (a copy that was saved anew is not recognised).",
}


def show_image(image: ImageFile, result: Result, served: Predictor, model: Path) -> None:
    """Show what a model says of an image and why, or why it says nothing."""
    if isinstance(result.outcome, ImageError):
        st.error(for_page(f"{result.name}: {result.outcome}"), title="This image cannot be predicted")
        return
    _show_verdict(result, result.outcome, served.metadata)
    with st.container(horizontal=True, gap="medium"):
        with st.container(width=360):
            _show_evidence(image, result.outcome, served.metadata)
        with st.container(width=400):
            _show_probabilities(result.outcome, served.classes)
    _show_similar(result, result.outcome, model, served.metadata.run)


@st.fragment
@guarded("the evidence")
def _show_evidence(image: ImageFile, prediction: Prediction, metadata: ServedMetadata) -> None:
    """Show an image under the evidence for a class, which the user chooses, as strongly as the user wants it."""
    place, classes = st.container(), metadata.classes
    chosen = choose_class("Evidence for", classes, _PREDICTED, key="explained", bind="query-params")
    opacity = st.slider("Opacity of the evidence (%)", 0, 100, 60, 5, key="opacity", bind="query-params")
    label = chosen if chosen is not None and chosen in classes else prediction.label
    evidence, found = prediction.evidence[classes.index(label)], cells(image.sha256, image)
    outlines = found.any() and st.toggle("Outline the nucleated cells", key="outlines", bind="query-params")
    scale = float(abs(prediction.evidence).max())  # one scale, so that classes can be compared
    picture = overlay(pixels(image.sha256, image), evidence, opacity / 100, scale)
    in_cells = image_finding(evidence, found, evidence_grid(metadata.trunk, metadata.image_size))
    place.image(
        outlined(picture, found) if outlines else picture,
        f"Orange speaks for {for_page(label)}, blue against it. {in_cells}",
        width="stretch",
        alt=f"{image.name} under the evidence for {label}",
    )
    st.download_button(
        "Save this picture", partial(evidence_file, image, evidence, opacity / 100, scale),
        f"{for_file(f'{Path(image.name).stem}-{label}')}.png", "image/png", key="save-evidence",
        icon=":material/download:", on_click="ignore", help="The image in its own size under the evidence, as PNG.",
    )  # fmt: skip


def _show_verdict(result: Result, prediction: Prediction, metadata: ServedMetadata) -> None:
    """Show class and novelty, and whether the model was trained on the file."""
    label, threshold = for_page(prediction.label), metadata.novelty.threshold
    st.header(f":gray[{label}]" if prediction.novel else label, anchor=False)
    if prediction.novel:
        st.warning(
            f"The class and the probabilities mean little here. Its novelty is {prediction.novelty:.2f}; images like "
            f"those of training have about 1, and above {threshold:.2f} an image counts as novel. "
            f"{_where_novel(prediction)}",
            title="Not like the images this model knows",
            icon=":material/help:",
        )
    else:
        st.caption(f"Like the images this model knows: its novelty is {prediction.novelty:.2f}, below {threshold:.2f}.")
    if prediction.scaling:
        st.caption(f"Its file has more than 8 bits a value: {prediction.scaling}.")
    st.caption(f"{for_page(result.name)}. {_said_of_training(result, metadata)}")


def _said_of_training(result: Result, metadata: ServedMetadata) -> str:
    split = metadata.split_of(result.sha256)
    if split is None and not metadata.says_training:
        return f"{NOT_SAID[:1].upper()}{NOT_SAID[1:]}."
    return _SPLIT_SAYS[split]


def _where_novel(prediction: Prediction) -> str:
    """Return in a sentence what the novelty is made of."""
    if isnan(prediction.colour_distance):
        return "Novelty is how unusual the network finds the image; the model's file knows no colours."
    return (
        f"Novelty combines how unusual the colours are ({prediction.colour_distance:.2f}) and how unusual the network "
        f"finds the image ({prediction.feature_distance:.2f})."
    )


def _show_probabilities(prediction: Prediction, classes: tuple[str, ...]) -> None:
    """Show the calibrated probability of each class."""
    by_class = ", ".join(
        f"{name} {per_cent(float(p), 1)}" for name, p in zip(classes, prediction.probabilities, strict=True)
    )
    figure(
        partial(probability_bars, classes, prediction.probabilities),
        "probabilities",
        f"Calibrated probability of each class: {by_class}",
    )


def _show_similar(result: Result, prediction: Prediction, model: Path, run_id: str) -> None:
    """Show the training images that the model sees as most like an image, or why they are not at hand."""
    st.subheader("Most similar training images", anchor=False)
    try:
        found = similar(run_id, str(model), stamp(model), result.sha256, NEIGHBOURS, prediction.features)
    except InputError as error:
        st.caption(for_page(f"Not available: {error}."))
        return
    st.caption("With the cosine similarity of the network's features; 1 means identical.")
    same = {near.sha256: " (the same file)" for near, _ in found if near.sha256 == result.sha256}
    gallery(
        [picture for _, picture in found],
        [f"{for_page(near.label)}, {near.similarity:.3f}{same.get(near.sha256, '')}" for near, _ in found],
        [f"Training image {near.path}, class {near.label}, similarity {near.similarity:.3f}" for near, _ in found],
        width=128,
    )


def show_facts(metadata: ServedMetadata) -> None:
    """Show what a model says about itself."""
    facts = {
        "Classes": ", ".join(metadata.classes),
        "Image size": f"{metadata.image_size} × {metadata.image_size} px",
        "Run": metadata.run,
        "Images of its run": ", ".join(f"{len(files):,} {split}" for split, files in metadata.split_digests.items()),
        **_held_out(metadata.held_out),
        "Temperature": f"{metadata.temperature:.3f}",
        "Novelty threshold": f"{metadata.novelty.threshold:.2f}",
        "Arithmetic": _arithmetic(metadata),
        "Licence": metadata.licence,
    }
    st.markdown("\n".join(f"- **{name}**: {for_page(value)}" for name, value in facts.items()))
    with st.container(border=True, height=_CARD_HEIGHT if len(metadata.card) > _LONG_CARD else "content"):
        card = re.sub("^(#{1,4}) ", r"\1# ", metadata.card, flags=re.MULTILINE)  # its headings are below the page's
        st.markdown(card.replace("![", "!\\["))  # a foreign card's pictures would be fetched from elsewhere


def _held_out(held_out: HeldOutScore | None) -> dict[str, str]:
    if held_out is None:
        return {}
    twins = f", {held_out.twins} of them with a twin in train" if held_out.twins else ""
    accuracy = per_cent_within(held_out.accuracy, held_out.interval)
    said = {"Test accuracy": f"{accuracy} of {held_out.images:,} images{twins}"}
    if held_out.shortcut is not None and held_out.shortcut_accuracy is not None:
        said["Best shortcut on the same images"] = f"{per_cent(held_out.shortcut_accuracy, 1)}, {held_out.shortcut}"
    if held_out.views:
        changed = [f"{view.probe} {per_cent(view.accuracy, 1)}" for view in held_out.views if view.probe != AS_IT_IS]
        said["Accuracy on changed test images"] = ", ".join(changed)
    if looks_at := what_it_looks_at(held_out.views):
        said["What it looks at"] = looks_at
    return said


def _arithmetic(metadata: ServedMetadata) -> str:
    found = metadata.agreement
    if found is None:
        return metadata.arithmetic
    return (
        f"{metadata.arithmetic}; int8 predicts another class than float32 for {found.labels_differing} of "
        f"{found.images} validation images, in {100 * found.int8_seconds / found.float32_seconds:.0f} % of the time"
    )
