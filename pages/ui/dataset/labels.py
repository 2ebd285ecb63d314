"""Dataset, its labels as they were judged: every judgement, what they correct, and their way out and in as CSV."""

from __future__ import annotations

import streamlit as st

from allcore.config import AS_GIVEN, CORRECTED
from allcore.data.catalog import Catalog
from allcore.data.csv_rows import MOST_BYTES
from allcore.data.labels.judgement_table import import_judgements, judgement_table
from allcore.data.labels.versions import label_changes, version_name
from allcore.errors import InputError
from allcore.refusals import what_went_wrong
from allcore.text import for_page
from allcore.workspace import open_workspace
from pages.ui import show
from pages.ui.known.judgements import judgements
from pages.ui.shared.labels import show_changes, warn_of_lost_judgements
from pages.ui.sign_in import act, may_act
from pages.ui.stored_form import empty_form, key_of_form

_FORM = "import judgements"
_IMPORTED = "judgements imported"


def show_judged(images: Catalog, variant: str) -> None:
    """Show what was judged of a dataset's labels and what that corrects, and exchange it as CSV."""
    warn_of_lost_judgements()
    judged = judgements()
    name = version_name(label_changes(images, variant, judged))
    if name == AS_GIVEN:
        st.write(
            "No judgement moves or excludes an image. A label is judged on an image's own page here, among the "
            "suspicious ones on Trust, or at a mistake on Evaluate."
        )
    else:
        show_changes(images, variant, CORRECTED)
        st.caption(
            "To train on it, choose *Labels: corrected* on Train (Settings, tab Split); Evaluate can score against it. "
            "The files stay where they are."
        )
    table = judgement_table(images, open_workspace().judgements)
    if not table.empty:
        show.table(
            table, "judgements", "Every judgement of this dataset's labels, as they were added",
            {"class": "it is", "counts": "counts", "sha256": st.column_config.Column("SHA-256", width=120)},
        )  # fmt: skip
    _import(images)


def _import(images: Catalog) -> None:
    if said := st.session_state.pop(_IMPORTED, None):
        st.success(for_page(said), title="Imported")
    with st.form(key_of_form(_FORM), border=False):
        file = st.file_uploader(
            "Judgements as CSV", "csv", max_upload_size=MOST_BYTES // 2**20,
            help="As downloaded here, perhaps in another workspace. Of two judgements of an image the later "
            "counts, and both are kept.",
        )  # fmt: skip
        pressed = st.form_submit_button("Import", icon=":material/upload:", disabled=not may_act())
    if not pressed or file is None:
        return
    try:
        imported = act(
            "import judgements of", images.root.name,
            lambda: import_judgements(file.getvalue(), file.name, images, open_workspace().judgements),
        )  # fmt: skip
    except (InputError, OSError) as error:
        st.error(for_page(what_went_wrong(error)), title="Nothing was imported")
    else:
        st.session_state[_IMPORTED] = f"{imported.in_words()}."
        empty_form(_FORM)
        st.rerun()  # what is shown above has changed
