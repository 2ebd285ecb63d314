"""Predict, all results: in words, and as a table in which one can be chosen to be shown in detail."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import streamlit as st

from allcore.errors import ImageError
from allcore.inference.metadata import ServedMetadata
from allcore.inference.predictor import Prediction
from allcore.inference.results import Result, results_table
from allcore.text import for_page
from pages.ui.show import table_with_rows

_LISTED = 8
_SHOWN = "shown"


def show_results(results: list[Result], icons: list[str], metadata: ServedMetadata) -> None:
    """Show results as a table, several of them in words above it; each has its small image among the `icons`."""
    st.header(f"All {len(results)} images" if len(results) > 1 else "As a table", anchor=False)
    if len(results) > 1:
        st.markdown(_in_words(results))
        _show_errors(results)
    _show_table(results, icons, metadata)


def choose_result(results: list[Result]) -> int:
    """Let the user choose one of several results, and return its place among them."""
    if len(results) == 1:
        return 0
    st.header("One image", anchor=False)
    names = _numbered(results)
    if st.session_state.get(_SHOWN) not in names:  # other images were uploaded
        st.session_state[_SHOWN] = names[0]
    return names.index(st.selectbox("Image in detail", names, key=_SHOWN))


def _in_words(results: Sequence[Result]) -> str:
    """Return how many images each class was given, how many are novel, and how many were not predicted."""
    predicted = [result.outcome for result in results if isinstance(result.outcome, Prediction)]
    novel = sum(prediction.novel for prediction in predicted)
    said = [f"{count} {for_page(label)}" for label, count in sorted(Counter(each.label for each in predicted).items())]
    said += [f"{novel} of them not like the images this model knows"] if novel else []
    said += [f"{len(results) - len(predicted)} not predicted"] if len(predicted) < len(results) else []
    return ", ".join(said)


def _show_table(results: list[Result], icons: list[str], metadata: ServedMetadata) -> None:
    """Show all results with their CSV; a click on a row shows its image in detail."""
    frame = results_table(results, metadata)
    probabilities = [f"probability_{name}" for name in metadata.classes]
    why = ["error"] if frame["error"].any() else []
    shown = frame.assign(image=icons, **(100 * frame[probabilities]))
    names = _numbered(results)
    selected = st.session_state.get(_SHOWN)

    def take(name: str) -> None:
        st.session_state[_SHOWN] = name

    table_with_rows(
        shown[["image", "label", "path", *why, *probabilities, "novelty", "novel", "split"]], "predictions",
        "Class, probabilities and novelty of each image, or why it was not predicted",
        {
            "image": st.column_config.ImageColumn("Image", width="small"),
            "label": "Class",
            "path": st.column_config.TextColumn("File", width="medium"),
            "novelty": st.column_config.NumberColumn("Novelty", format="%.2f"),
            "novel": st.column_config.CheckboxColumn("Novel", help="not like the images this model knows"),
            "split": st.column_config.TextColumn("Part", help="of the model's run in which the same file was"),
            "error": st.column_config.TextColumn("Not predicted because", width="medium"),
            **{
                column: st.column_config.NumberColumn(f"{name} (%)", format="%.1f")
                for column, name in zip(probabilities, metadata.classes, strict=True)
            },
        },
        frame, names, take, selected if selected in names else names[0], row_height=44,
    )  # fmt: skip


def _numbered(results: list[Result]) -> list[str]:
    """Return a name for each result that no other has."""
    return [f"{number}: {result.name}" for number, result in enumerate(results, start=1)]


def _show_errors(results: list[Result]) -> None:
    """Name the images that were not predicted, with the reasons."""
    failed = [result for result in results if isinstance(result.outcome, ImageError)]
    lines = [f"- {for_page(result.name)}: {for_page(str(result.outcome))}" for result in failed[:_LISTED]]
    if len(failed) > _LISTED:
        lines.append(f"- and {len(failed) - _LISTED} more, in the table below")
    if failed:
        st.warning("\n".join(lines), title="Not predicted", icon=":material/broken_image:")
