"""Predict: what a served model says of images, why, and whether it knows such images at all."""

import time
from collections import Counter

import streamlit as st

from allcore.data.intake.formats import IMAGE_SUFFIXES
from allcore.errors import ImageError, InputError
from allcore.inference.predictor import Prediction
from allcore.runs.folder.store import dataset_of_model
from pages.ui.known.meanings import meanings
from pages.ui.known.workspace import predictor
from pages.ui.predict.answers import ImageFile, predict, uploaded_image
from pages.ui.predict.samples import chosen_sample, show_samples
from pages.ui.predict.uploads import uploaded_files
from pages.ui.predict.view import (
    numbered,
    show_errors,
    show_evidence,
    show_facts,
    show_probabilities,
    show_similar,
    show_table,
    show_verdict,
)
from pages.ui.predict.whole_folder import images_at_hand
from pages.ui.shared.choose_model import choose_model
from pages.ui.show import plain

NOTICE = "For research and education only. This is not a medical device, and nothing here is a diagnosis."
LARGEST_MB = 256  # the core refuses larger files as well
PATIENCE = 0.3  # seconds of work after which a progress bar is worth its place

st.title("Predict")
notice = st.empty()
notice.info(NOTICE, icon=":material/science:")

model = choose_model()
if model is None:
    st.stop()
try:
    served = predictor(model)
except InputError as error:
    st.error(plain(str(error)), title="This model cannot be used")
    st.stop()
if said := meanings(tuple(filter(None, [dataset_of_model(model)])), served.classes).in_words():
    notice.info(f"{NOTICE} {plain(said)}", icon=":material/science:")
with st.expander("About this model", icon=":material/info:", key="about", bind="query-params"):
    show_facts(served.metadata)

uploads = uploaded_files("Smear images", sorted(IMAGE_SUFFIXES), LARGEST_MB)
images: list[ImageFile] = []
if sample := chosen_sample():
    images.append(sample)
asked = st.query_params
wanted = bool({"image", "all", "folder"} & {*asked})
own = st.expander(
    "Or a dataset, or a folder: one image of it, or all", wanted, icon=":material/photo_library:", key="own",
    on_change="rerun",
)  # fmt: skip
if own.open:
    with own:
        images += images_at_hand(served, model)
images += map(uploaded_image, uploads)
if not images:
    if "all" not in asked:
        show_samples()
    st.stop()

bar, began, answers = None, time.monotonic(), []
for number, image in enumerate(images, start=1):
    answers.append(predict(served, model, image))
    if time.monotonic() - began > PATIENCE:
        text = f"Predicting, {number} of {len(images)} images"
        bar = bar or st.progress(0.0, text)
        bar.progress(number / len(images), text)
if bar is not None:
    bar.empty()

results = [result for result, _ in answers]
predicted = [result.outcome for result in results if isinstance(result.outcome, Prediction)]
novel = sum(prediction.novel for prediction in predicted)
summary = [f"{count} {plain(label)}" for label, count in sorted(Counter(each.label for each in predicted).items())]
summary += [f"{novel} of them not like the images this model knows"] if novel else []
summary += [f"{len(results) - len(predicted)} not predicted"] if len(predicted) < len(results) else []

first, second = st.container(), st.container()
everything, detail = (first, second) if len(results) > 1 else (second, first)
with everything:
    st.header(f"All {len(results)} images" if len(results) > 1 else "As a table", anchor=False)
    if len(results) > 1:
        st.markdown(", ".join(summary))
        show_errors(results)
    show_table(results, [icon for _, icon in answers], served.metadata)
with detail:
    row = 0
    if len(results) > 1:
        st.header("One image", anchor=False)
        names = numbered(results)
        if st.session_state.get("shown") not in names:  # other images were uploaded
            st.session_state["shown"] = names[0]
        row = names.index(st.selectbox("Image in detail", names, key="shown"))
    result = results[row]
    if isinstance(result.outcome, ImageError):
        st.error(plain(f"{result.name}: {result.outcome}"), title="This image cannot be predicted")
    else:
        show_verdict(result, result.outcome, served.metadata)
        with st.container(horizontal=True, gap="medium"):
            with st.container(width=360):
                show_evidence(images[row], result.outcome, served.metadata)
            with st.container(width=400):
                show_probabilities(result.outcome, served.classes)
        show_similar(result, result.outcome, model, served.metadata.run)
