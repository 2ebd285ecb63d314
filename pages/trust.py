"""Trust: what in a dataset makes a score look better than it is."""

from functools import partial

import streamlit as st

from allcore.data.catalog import Catalog
from allcore.data.relations import catalog_relations
from allcore.errors import DatasetError
from allcore.text import for_page
from pages.ui.known.workspace import asked_for_search, catalog, forget_catalogs, relations, searched_relations
from pages.ui.shared.choose import choose_dataset, choose_variant
from pages.ui.shared_work import CancelledError
from pages.ui.tabs import open_tab
from pages.ui.trust.duplicates import show_duplicates
from pages.ui.trust.examined import Examined
from pages.ui.trust.fields import show_fields
from pages.ui.trust.labels import show_label_review
from pages.ui.trust.overview import show_overview
from pages.ui.trust.shortcuts import show_shortcuts
from pages.ui.trust.stains import show_stains

TABS = {
    "Overview": show_overview,
    "Shared fields": show_fields,
    "Exact duplicates": show_duplicates,
    "Stain clusters": show_stains,
    "Shortcuts": show_shortcuts,
    "Labels": show_label_review,
}


def _examine(whole: Catalog, variant: str) -> Examined:
    """Return the images of a variant with their relations; where they cannot be searched, with what is known, said."""
    images = whole.images(variant)
    try:
        found = searched_relations(whole, variant)
    except CancelledError:
        found = relations(whole, variant)
        st.warning("What follows knows exact duplicates alone.", title="The search for shared fields was cancelled")
        if asked_for_search(whole, variant):
            st.rerun()
    except DatasetError as error:
        found = catalog_relations(images)
        st.warning(
            f"{for_page(str(error))}. What follows is based on exact duplicates alone.",
            title="Shared fields could not be looked for",
        )
        st.button("Read the folder again", icon=":material/refresh:", on_click=forget_catalogs)
    key = f"{whole.contents(variant)} {found.searched}"
    return Examined(whole.root, str(st.session_state["data"]), variant, images, found, key)


st.title("Trust")
st.write(
    "A test score is worth something only when the test images are new to the network. This page looks for what makes "
    "a dataset's scores look better than they are."
)
with st.container(horizontal=True, vertical_alignment="bottom"):
    folder = choose_dataset()
    variant = None if folder is None else choose_variant(catalog(folder))

if folder is not None and variant is not None:
    whole = catalog(folder)
    if whole.images(variant).empty:
        st.info("The Dataset page names what is wrong with each file.", title="No usable image in this dataset")
        st.page_link("pages/dataset.py", label="Dataset", icon=":material/photo_library:")
    else:
        examined = _examine(whole, variant)
        open_tab({name: partial(show_tab, examined) for name, show_tab in TABS.items()})
