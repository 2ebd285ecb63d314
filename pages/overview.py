"""Overview: what this is for, what to do first, and what is here."""

import pandas as pd
import streamlit as st

from allcore import paper
from allcore.errors import InputError
from allcore.evaluation.predictions.recorded import recorded_at
from allcore.runs.folder.states import in_words
from allcore.runs.summary import summary_table
from pages.ui.known.recorded import recorded
from pages.ui.known.runs import run_at, runs, states, summaries, watch
from pages.ui.known.workspace import datasets, executor, workspace
from pages.ui.overview import show_best_run, show_released
from pages.ui.shared.get_dataset import draw_button, say_added
from pages.ui.show import per_cent_column, plain, table

LINKS = 4


@st.cache_data(max_entries=1_000, show_spinner=False)
def tested(folder: str, written: int) -> tuple[float, bool]:
    """Return the part of its test images that a run's model gets right, and whether the paper may stand beside it."""
    of = recorded(run_at(folder))
    return float(of.table["correct"].mean()), of.beside_paper


def runs_table() -> pd.DataFrame:
    """Return a row a run with its test accuracy in per cent; a run whose predictions cannot be read is damaged.

    `beside_paper` says whether the paper's figures may stand beside that accuracy.
    """
    known = runs()
    rows = summary_table(summaries(known))
    rows["epochs"] = (rows["epoch"].astype(str) + " of " + rows["epochs"].astype(str)).where(rows["epochs"].notna(), "")
    rows["test_accuracy"], rows["beside_paper"] = float("nan"), False
    for number, run in enumerate(known):
        if rows.at[number, "state"] == "succeeded":
            try:
                accuracy, rows.at[number, "beside_paper"] = tested(str(run.folder), recorded_at(run))
                rows.at[number, "test_accuracy"] = 100 * accuracy
            except InputError as error:
                rows.loc[number, ["state", "note"]] = "damaged", str(error)
    return rows[["run", "state", "epochs", "image_size", "split", "dataset", "test_accuracy", "note", "beside_paper"]]


here, store = datasets(), executor().store
released = workspace().list_models()
watch(states(runs()))
listed = runs_table()
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
cards = st.grid(3, min_column_width=260, border=True)
with cards.cell():
    st.markdown("**1. Look at smears**")
    if here:
        st.caption("Browse the images class by class.")
        for name in list(here)[:LINKS]:
            st.page_link(
                "pages/dataset.py", label=f"Browse {plain(name)}", icon=":material/photo_library:",
                query_params={"data": name},
            )  # fmt: skip
    else:
        st.caption("No images yet? Draw synthetic smears of four classes in seconds. They are only for trying the app.")
        draw_button()
with cards.cell():
    st.markdown("**2. Bring real images**")
    st.caption("A folder, a zip, or the ALL images from Kaggle.")
    st.page_link("pages/dataset.py", label="Get a dataset", icon=":material/download:")
with cards.cell():
    st.markdown("**3. Train, then predict**")
    st.caption("Training runs in the background; the quick preset takes minutes.")
    st.page_link("pages/train.py", label="Train", icon=":material/model_training:")
    if released:
        st.caption("The released model predicts without any training.")
    if released or len(succeeded):
        st.page_link("pages/predict.py", label="Predict an image", icon=":material/troubleshoot:")

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
    show_best_run(store.find(row["run"]), row, int((comparable["dataset"] == row["dataset"]).sum()))
else:
    show_released(released, any_run=len(succeeded) > 0)
if scored["dataset"].nunique() > 1 or len(scored) > len(comparable):
    st.subheader("Best run of each dataset", anchor=False)
    best = scored.loc[scored.groupby("dataset")["test_accuracy"].idxmax()]
    table(
        best[["dataset", "test_accuracy", "image_size", "run"]], "best-runs",
        "The run of the highest test accuracy on each dataset; scores on different datasets do not compare",
        {
            "dataset": "Dataset", "run": "Run",
            "image_size": st.column_config.NumberColumn("Size (px)", format="%d"),
            "test_accuracy": per_cent_column("Test accuracy (%)"),
        },
    )  # fmt: skip

if here:
    st.header("Datasets", anchor=False)
    table(
        pd.DataFrame([{"dataset": name, "folder": str(folder)} for name, folder in here.items()]), "datasets",
        "Datasets and the folders that hold them", {"dataset": "Dataset", "folder": "Folder"},
    )  # fmt: skip
if len(listed):
    st.header("Runs", anchor=False)
    table(
        listed.drop(columns="beside_paper").assign(state=listed["state"].map(in_words)), "runs",
        "Runs with state, epochs, image size, split, dataset, test accuracy and what went wrong",
        {
            "run": "Run", "state": "State", "epochs": "Epochs", "split": "Split", "dataset": "Dataset",
            "image_size": st.column_config.NumberColumn("Size (px)", format="%d"),
            "test_accuracy": per_cent_column("Test accuracy (%)"),
            "note": st.column_config.TextColumn("What went wrong", width="large"),
        },
        placeholder="–",
    )  # fmt: skip
