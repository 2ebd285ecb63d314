"""Predict: what a served model says of images, why, and whether it knows such images at all."""

import streamlit as st

from allcore.data.intake.formats import IMAGE_SUFFIXES
from allcore.errors import InputError
from allcore.runs.folder.store import dataset_of_model
from allcore.text import for_page
from pages.ui.known.meanings import meanings
from pages.ui.known.workspace import predictor
from pages.ui.predict.answers import predict_all, uploaded_image
from pages.ui.predict.results import choose_result, show_results
from pages.ui.predict.samples import chosen_sample, show_samples
from pages.ui.predict.uploads import uploaded_files
from pages.ui.predict.view import show_facts, show_image
from pages.ui.predict.whole_folder import images_at_hand
from pages.ui.shared.choose_model import choose_model

NOTICE = "For research and education only. This is not a medical device, and nothing here is a diagnosis."
LARGEST_MB = 256  # the core refuses larger files as well

st.title("Predict")
notice = st.empty()
notice.info(NOTICE, icon=":material/science:")

model = choose_model()
if model is None:
    st.stop()
try:
    served = predictor(model)
except InputError as error:
    st.error(for_page(str(error)), title="This model cannot be used")
    st.stop()
if said := meanings(tuple(filter(None, [dataset_of_model(model)])), served.classes).in_words():
    notice.info(f"{NOTICE} {for_page(said)}", icon=":material/science:")
with st.expander("About this model", icon=":material/info:", key="about", bind="query-params"):
    show_facts(served.metadata)

uploads = uploaded_files("Smear images", sorted(IMAGE_SUFFIXES), LARGEST_MB)
sample = chosen_sample()
images = [*([] if sample is None else [sample]), *images_at_hand(served, model), *map(uploaded_image, uploads)]
if not images:
    if "all" not in st.query_params:
        show_samples()
    st.stop()

answers = predict_all(served, model, images)
results, icons = [result for result, _ in answers], [icon for _, icon in answers]
first, second = st.container(), st.container()
everything, detail = (first, second) if len(results) > 1 else (second, first)
with everything:
    show_results(results, icons, served.metadata)
with detail:
    row = choose_result(results)
    show_image(images[row], results[row], served, model)
