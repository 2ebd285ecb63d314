"""What classes mean and which are positive: followed by the pages, and named on Dataset."""

from __future__ import annotations

import streamlit as st

from allcore.data.catalog import Catalog
from allcore.data.labels.meanings import LONGEST_MEANING, name_classes
from allcore.errors import InputError
from allcore.refusals import what_went_wrong
from allcore.text import for_page
from allcore.workspace import open_workspace
from pages.ui.known.meanings import meanings
from pages.ui.sign_in import act, may_act
from pages.ui.stored_form import CHANGED, WHAT_TO_DO, begin

_KEPT = "classes kept"


def show_naming(images: Catalog) -> None:
    """Show what a dataset's classes mean and which are positive, as a form to name them."""
    classes, dataset = images.classes, str(images.root)
    stored = meanings([dataset], classes)
    began, end = begin(f"classes {dataset}", stored)
    st.write(
        "Named here once, and said wherever the classes are shown: on Predict and Evaluate, in reports and model "
        "cards. Where some classes are positive and some are not, Evaluate also scores the one side against the other."
    )
    with st.form("classes", border=False):
        said = {
            name: st.text_input(
                for_page(name), began.meanings.get(name, ""), LONGEST_MEANING, key=f"meaning {number} {end}",
                placeholder="what this class means",
            )
            for number, name in enumerate(classes)
        }  # fmt: skip
        positive = st.multiselect(
            "Positive classes", classes, began.positive, key=f"positive {end}",
            help="The classes that are to be found, such as the malignant ones.",
        )  # fmt: skip
        pressed = st.form_submit_button(
            "Save", type="primary", icon=":material/save:", key=f"save {end}", disabled=not may_act()
        )
    if st.session_state.pop(_KEPT, False):
        st.success("All pages, reports and commands follow it.", title="Kept")
    if pressed and stored != began:
        st.error(WHAT_TO_DO, title=CHANGED)
    elif pressed:
        try:
            act(
                "name the classes of", dataset,
                lambda: name_classes(dataset, classes, said, positive, open_workspace().classes),
            )  # fmt: skip
        except (InputError, OSError) as error:
            st.error(for_page(what_went_wrong(error)), title="That cannot be kept")
        else:
            st.session_state[_KEPT] = True
            st.rerun()
