"""Judging a label where its image is shown: what people said of it, and a choice that keeps what one says now."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from allcore.config import AS_GIVEN, CORRECTED
from allcore.data.catalog import Catalog
from allcore.data.labels.judgements import (
    Judgement,
    add_judgements,
    make_judgement,
)
from allcore.data.labels.versions import changes_by_class, changes_in_words, label_changes, version_name
from allcore.errors import DatasetError, InputError
from allcore.refusals import what_went_wrong
from allcore.text import counted, for_page
from allcore.workspace import open_workspace
from pages.ui import address, show
from pages.ui.known.judgements import judgements, judgements_as_read, labelled
from pages.ui.sign_in import act, may_act, who_acts

_REFUSED = "judgement_refused"
_WRONG = "wrong, it is "


def warn_of_lost_judgements() -> None:
    """Say what cannot be read of what was judged; for the beginning of a section that shows it, once a page."""
    try:
        damaged = judgements_as_read().unreadable
    except DatasetError as error:
        st.warning(for_page(str(error)), title="What was judged of labels is not known")
        return
    if damaged:
        lines = counted(damaged, "damaged line, which counts", "damaged lines, which count")
        said = for_page(f"{open_workspace().judgements} has {lines} for nothing.")
        st.warning(said, title="Some judgements are lost")


def choose_labels(images: Catalog, variant: str, recorded: str = AS_GIVEN) -> str | None:
    """Let the user choose whether the labels count as they were `recorded` or as they were judged.

    It is in the address as `labels`. Returns the version's name, None for the recorded ones; where judgements make
    no other version than that, nothing is asked, and what was chosen of other labels is left behind.
    """
    warn_of_lost_judgements()
    now = version_name(label_changes(images, variant, judgements()))
    if now == recorded:
        address.leave_behind("labels", ())
    chosen = address.settle("labels", [CORRECTED], "version of the labels")
    if now == recorded:
        return None
    st.pills(
        "Labels", [CORRECTED], format_func=lambda name: name if now != AS_GIVEN else AS_GIVEN,
        help="corrected: as they were judged; as_given: as the folders say. Unset: those that the scores were made "
        "with.",
        **address.follow("labels", chosen, ("true", "predicted")),
    )  # fmt: skip
    return now if chosen else None


def show_judging(images: Catalog, path: str, sha256: str, place: str) -> None:
    """Let whoever may act judge the label of an image, in a `place` of the page, and show what was judged last.

    Nothing is shown of an image that is not in the dataset as it was recorded.
    """
    number, of_all = images.number_of(path), images.table
    if number is None or of_all["sha256"].iat[number] != sha256 or of_all["problem"].iat[number]:
        return
    label, classes = str(of_all["label"].iat[number]), images.labels[str(of_all["variant"].iat[number])]
    last = judgements().latest.get(sha256)
    options = _options(label, classes, last)
    key = f"judge {place} {path}"  # copies of an image have one content
    st.session_state[key] = None if last is None else _option(last, label)
    st.selectbox(
        "Judge the label of the image above",  # read aloud as it stands, so without a name that would be escaped
        options, key=key, placeholder="Judge the label",
        label_visibility="collapsed", on_change=_judge, args=(key, path, sha256, label, classes, images.root.name),
        disabled=not may_act(),
    )  # fmt: skip
    if st.session_state.get(_REFUSED, ("", ""))[0] == key:
        st.error(for_page(st.session_state.pop(_REFUSED)[1]), title="That was not kept")
    if last is not None:
        count = len(judgements().of([sha256]))
        st.caption(for_page(f"{last.who}, {last.when[:10]}{f', the latest of {count}' if count > 1 else ''}"))


def _options(label: str, classes: Sequence[str], last: Judgement | None) -> list[str]:
    options = ["right", *(f"{_WRONG}{name}" for name in classes if name != label), "unsure", "excluded"]
    kept = None if last is None else _option(last, label)
    return options if kept is None or kept in options else [*options, kept]


def _option(judgement: Judgement, label: str) -> str:
    """Return the choice that says of an image filed as `label` what was judged, perhaps where a copy is filed."""
    if judgement.says:
        return "right" if judgement.says == label else f"{_WRONG}{judgement.says}"
    return judgement.verdict


def _judge(key: str, path: str, sha256: str, label: str, classes: Sequence[str], dataset: str) -> None:
    """Keep what was chosen; for `on_change`."""
    chosen = st.session_state[key]
    if chosen is None:
        return
    wrong = chosen.startswith(_WRONG)
    verdict = "wrong" if wrong else chosen
    becomes = chosen.removeprefix(_WRONG) if wrong else ""
    try:
        made = make_judgement(sha256, path, label, classes, verdict, becomes, who_acts())
        act("judge the labels of", dataset, lambda: add_judgements(open_workspace().judgements, [made]))
    except (InputError, OSError) as error:
        st.session_state[_REFUSED] = (key, what_went_wrong(error))


HEADINGS = {
    "images": "images as filed", "moved_in": "moved in", "moved_out": "moved out", "corrected": "images corrected",
}  # fmt: skip


def show_changes(images: Catalog, variant: str, labels: str) -> None:
    """Show how many images of each class a version of the labels moves and excludes.

    Raises `DatasetError` when the version cannot be had.
    """
    version = labelled(images, variant, labels)
    changes = changes_by_class(images, version.catalog, variant)
    st.markdown(f"**{for_page(version.name)}**: {changes_in_words(changes)}.")
    show.table(changes, "label-changes", "Images of each class before and after the correction", HEADINGS)
