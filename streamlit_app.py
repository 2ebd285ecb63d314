"""ALLscope: page configuration and navigation."""

from pathlib import Path

import streamlit as st

from allcore.memory import collect_sparingly, return_freed_memory
from pages.ui import address
from pages.ui.guarded import guarded
from pages.ui.sign_in import let_in
from pages.ui.turns import turn

UI = Path(__file__).parent / "pages" / "ui"

return_freed_memory()
collect_sparingly()
st.set_page_config(page_title="ALLscope", page_icon=str(UI / "icon.svg"), layout="wide")  # a material icon is fetched
st.html(UI / "app.css")
st.html(f"<script>{(UI / 'history.js').read_text(encoding='utf-8')}</script>", unsafe_allow_javascript=True)

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

st.set_page_config(page_title=f"{page.title} · ALLscope")
with guarded(f"page {page.title}"):
    let_in()
    address.begin_page()
    with turn():
        page.run()
