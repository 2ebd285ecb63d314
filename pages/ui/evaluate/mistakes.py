"""Evaluate, every mistake: as a list, and gathered by overlap group and by stain cluster."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from allcore.evaluation.predictions.error_groups import KINDS, errors_by, images_of
from allcore.evaluation.predictions.mistakes import mistakes
from allcore.text import for_page
from pages.ui import show
from pages.ui.evaluate.evaluated import Evaluated
from pages.ui.paging import begin_anew
from pages.ui.shared.evidence import recorded_table, sheets_of_evidence

PLACE = "mistakes"
NAMES = {"group": "overlap groups", "stain": "stain clusters"}
_UNNAMED = "unknown"
UNKNOWN = {
    "group": "The run did not record which images show the same field.",
    "stain": "The run did not record the stain clusters of its images; runs that are launched now do.",
}
_NO_CLUSTERS = "Stain clusters are known of a run's own images alone."


def show_mistakes(of: Evaluated) -> None:
    """Show all mistakes, the most confident first, or where they gather."""
    wrong = mistakes(of.predictions.table)
    if wrong.empty:
        st.success(f"All {of.scores.n} {of.images} are right.", icon=":material/check:")
        return
    by = st.segmented_control(
        "Mistakes by", ["image", *NAMES], default="image", required=True, key="by", bind="query-params"
    )
    if by == "image":
        st.caption(f"{len(wrong):,} of {of.scores.n:,} {of.images}, the most confident mistakes first.")
        recorded_table(wrong, of.classes, of.named("mistakes"), "Every mistake, the most confident first")
        sheets_of_evidence(of.run, wrong, of.classes, PLACE, of.which)
    else:
        _show_gathered(of, by, len(wrong))


def _show_gathered(of: Evaluated, kind: str, wrong: int) -> None:
    errors = errors_by(of.predictions.table, kind)
    if list(errors[kind]) == [""]:
        st.info(_NO_CLUSTERS if of.scored and kind == "stain" else UNKNOWN[kind], title=f"No {NAMES[kind]} known")
        return
    st.markdown(_summary(errors, kind, wrong, of.images))
    show.table(
        errors.assign(share=100 * errors["share"]),
        of.named(f"mistakes-by-{kind}"),
        f"How many {of.images} of each {KINDS[kind]} are wrong, the most mistakes first",
        {
            kind: KINDS[kind],
            "label": "true",
            "images": f"{of.images}",
            "share": show.per_cent_column("wrong (%)", decimals=0),
            "predicted": "predicted",
        },
        placeholder="",
    )
    names = [name or _UNNAMED for name in errors[kind]]
    begin_anew("of", f"{of.which} {kind}", names[0])
    if st.session_state.get("of") not in names:
        st.session_state.pop("of", None)
    chosen = st.selectbox(f"Images of {KINDS[kind]}", names, key="of", bind="query-params", width=320)
    images = images_of(of.predictions.table, kind, errors[kind][names.index(chosen)])
    if len(images) > 1:
        st.caption(f"Its {len(images)} {of.images}, the mistakes first.")
    sheets_of_evidence(of.run, images, of.classes, PLACE, f"{of.which} {kind} {chosen}")


def _summary(errors: pd.DataFrame, kind: str, wrong: int, called: str) -> str:
    """Return in a sentence whether the mistakes gather."""
    most = errors.iloc[0]
    if most["wrong"] == 1:
        return f"No two of the {wrong} mistakes share {'a stain cluster' if kind == 'stain' else 'an overlap group'}."
    first = f"{KINDS[kind]} **{for_page(most[kind] or _UNNAMED)}**"
    share = f"{most['wrong']} of its {most['images']} {called} are wrong"
    if len(errors) == 1:
        return f"All {wrong} mistakes lie in {first}: {share}."
    return f"{most['wrong']} of {wrong} mistakes lie in {first}: {share}. All lie in {len(errors)} {NAMES[kind]}."
