"""ALLscope: page configuration and navigation."""

import logging
from pathlib import Path

import streamlit as st

from allcore.errors import InputError
from allcore.memory import return_freed_memory

return_freed_memory()
UI = Path(__file__).parent / "pages" / "ui"
st.set_page_config(page_title="ALLscope", page_icon=str(UI / "icon.svg"), layout="wide")  # a material icon is fetched
st.html(UI / "app.css")

page = st.navigation(
    {
        "": [
            st.Page("pages/overview.py", title="Overview", icon=":material/home:", default=True),
            st.Page("pages/predict.py", title="Predict", icon=":material/troubleshoot:"),
        ],
        "Data": [
            st.Page("pages/dataset.py", title="Dataset", icon=":material/photo_library:"),
            st.Page("pages/augmentation.py", title="Augmentation", icon=":material/rotate_90_degrees_ccw:"),
            st.Page("pages/trust.py", title="Trust", icon=":material/verified_user:"),
        ],
        "Training": [
            st.Page("pages/train.py", title="Train", icon=":material/model_training:"),
            st.Page("pages/runs.py", title="Runs", icon=":material/monitoring:"),
        ],
        "Results": [
            st.Page("pages/evaluate.py", title="Evaluate", icon=":material/grid_on:"),
            st.Page("pages/tradeoff.py", title="Trade-off", icon=":material/balance:"),
        ],
    }
)

try:
    page.run()
except InputError as error:
    st.error(str(error), title="This cannot be shown")
except Exception:
    logging.getLogger("allscope").exception("page %s", page.title)
    st.error("The server's log has the details. Reloading the page may help.", title="Something went wrong here")
