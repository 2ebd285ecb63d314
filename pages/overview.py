"""Overview: what this is for, what to do first, and what is here."""

import pandas as pd
import streamlit as st

from allcore import paper
from allcore.workspace import open_workspace
from pages.ui.known.runs import runs, states, watch
from pages.ui.known.workspace import datasets, executor
from pages.ui.overview.runs import runs_table, show_best_of_each_dataset, show_runs
from pages.ui.overview.score import show_best_run, show_released
from pages.ui.overview.start import show_start
from pages.ui.shared.get_dataset import say_added
from pages.ui.show import table

here, store = datasets(), executor().store
released = open_workspace().list_models()
known = runs()
watch(states(known))
listed = runs_table(known)
succeeded = listed[listed["state"] == "succeeded"]

st.title("ALLscope")
say_added()
st.markdown(
    "ALLscope sorts microscope images of blood smears into hematogones, which are benign precursor cells (*Benign*), "
    "and acute lymphoblastic leukaemia of the early pre-B, pre-B and pro-B type (*Early*, *Pre*, *Pro*), and shows how "
    "far each of its answers and scores can be trusted."
)
st.caption(
    f"It implements *{paper.TITLE}* ({paper.AUTHORS}, {paper.JOURNAL}). For research and education only: it is not a "
    "medical device, and nothing here is a diagnosis."
)

st.header("Start here", anchor=False)
show_start(list(here), is_released=bool(released), can_predict=bool(released or len(succeeded)))

st.header("What is here", anchor=False)
with st.grid("auto", min_column_width=150):
    st.metric("Datasets", len(here), border=True, height="stretch")
    st.metric("Runs", len(listed), f"{len(succeeded)} succeeded", delta_color="off", delta_arrow="off", border=True)
    st.metric("Released models", len(released), border=True, height="stretch")

st.header("Test accuracy beside the paper's", anchor=False)
scored = succeeded[succeeded["test_accuracy"].notna()]
comparable = scored[scored["beside_paper"].astype(bool)]
if len(comparable):
    row = comparable.iloc[int(comparable["test_accuracy"].argmax())]
    show_best_run(store.find(row["run"]), row, int((comparable["folder"] == row["folder"]).sum()))
else:
    show_released(released, any_run=len(succeeded) > 0)
if scored["folder"].nunique() > 1 or len(scored) > len(comparable):
    st.subheader("Best run of each dataset", anchor=False)
    show_best_of_each_dataset(scored)

if here:
    st.header("Datasets", anchor=False)
    table(
        pd.DataFrame([{"dataset": name, "folder": str(folder)} for name, folder in here.items()]), "datasets",
        "Datasets and the folders that hold them", {"dataset": "Dataset", "folder": "Folder"},
    )  # fmt: skip
if len(listed):
    st.header("Runs", anchor=False)
    show_runs(listed)
