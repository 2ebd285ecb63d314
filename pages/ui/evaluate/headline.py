"""Evaluate, the first thing said of a score: how good it is, of what, and why it may look better than it is."""

from __future__ import annotations

import streamlit as st

from allcore.config import AS_GIVEN
from allcore.evaluation.predictions.evaluation_run import EvaluationRecord
from allcore.evaluation.predictions.relabelled import labels_note
from allcore.evaluation.predictions.score_folder import NEVER_SEEN
from allcore.inference.metadata import NOT_SAID
from allcore.number_text import per_cent_within
from allcore.studies.out_of_fold import is_out_of_fold
from allcore.text import counted, for_page
from pages.ui.evaluate.evaluated import Evaluated
from pages.ui.known.judgements import catalog_of_run, judgements

_ITS_TEST_IMAGES = "Choose its test images above to score those that it was not trained on."
_NAMED = 8
"""Classes up to which they are named above the scores."""


def show_headline(of: Evaluated) -> None:
    """Say how many images are right, what they are, and what flatters."""
    scores = of.scores
    right = int(of.predictions.table["correct"].sum())
    st.markdown(
        f"**{right:,} of {scores.n:,} {of.images} are right: accuracy "
        f"{per_cent_within(scores.accuracy, scores.intervals['accuracy'])}.**"
    )
    named = f"classes {for_page(', '.join(of.classes))}" if len(of.classes) <= _NAMED else f"{len(of.classes)} classes"
    if of.scored is None:
        _say_of_run(of, named)
    else:
        _say_of_folder(of, of.scored, named)


def _say_of_run(of: Evaluated, named: str) -> None:
    config = of.run.config
    st.caption(
        f"{named[:1].upper()}{named[1:]}, {config.image_size} px, "
        f"{config.split.protocol} split of {for_page(config.dataset)}"
    )
    if is_out_of_fold(of.run):
        members = of.predictions.table["run"].nunique()
        st.caption(
            f"Out-of-fold predictions of study {for_page(str(config.study))}: each image by the one of {members} "
            "runs that tested it and had not trained on it."
        )
    if said := _labels_in_words(of):
        st.caption(f"{for_page(said[:1].upper() + said[1:])}.")
    if of.split == "validation":
        chosen = "the temperature" if config.keep == "last" else "the epoch and the temperature"
        st.caption(f"These images were used to choose {chosen}, so their scores look better than they are.")
    if not _warned_of_twins(of, "an image in train"):
        st.caption(f"No {of.split} image shares a group with an image in train.")


def _labels_in_words(of: Evaluated) -> str:
    if of.relabelled is not None:
        return of.relabelled.in_words()
    return labels_note(of.run.config, catalog_of_run(of.run), judgements())


def _say_of_folder(of: Evaluated, record: EvaluationRecord, named: str) -> None:
    facts, part = record.facts, record.of.split
    whose = f"the {part} images of the model's run in" if part else "all images of"
    place = record.of.folder / (record.of.variant or "")
    st.caption(f"{for_page(record.name)} on {whose} {for_page(str(place))}; {named}")
    if record.of.labels != AS_GIVEN:
        st.caption(f"The labels are {for_page(record.of.labels)}, as they were judged.")
    if facts.trained_on and part != "train":
        st.warning(
            f"The model was trained on {facts.trained_on} of these {facts.images} images."
            + (f" {_ITS_TEST_IMAGES}" if part is None and facts.tested_on else ""),
            title="The score looks better than it is",
            icon=":material/content_copy:",
        )
    elif part == "train":
        st.warning("The model was trained on these images.", title="The score looks better than it is")
    elif part == "validation":
        st.caption("These images were used to choose the model's epoch or temperature: they flatter a little.")
    _warned_of_twins(of, "one that the model was trained on")
    if not facts.trained_on and part is None:
        said = NEVER_SEEN if facts.says_training else NOT_SAID
        st.caption(f"{said[:1].upper()}{said[1:]}.")
    if facts.left_out:
        left_out = counted(facts.left_out, "image is", "images are")
        st.caption(f"{left_out} left out as asked: {for_page(', '.join(record.of.classes_left_out))}.")
    if facts.unusable:
        unusable = counted(facts.unusable, "file is", "files are")
        st.caption(f"{unusable} left out that cannot be used; Dataset says which and why.")


def _warned_of_twins(of: Evaluated, with_what: str) -> bool:
    """Say what images that share their field with others that were trained on do to the score; False without any."""
    twins = int(of.predictions.table["twin"].sum())
    if not twins:
        return False
    others, alone = len(of.predictions.held_out), of.alone
    has_trained = others < of.scores.n
    which = f"{of.images} that it was not trained on" if has_trained else of.images
    them = "these and those that it was trained on" if has_trained else "them"
    said = f"{twins:,} of {others:,} {which} share a group with {with_what}. " + (
        f"Without {them}: accuracy {per_cent_within(alone.accuracy, alone.intervals['accuracy'])}, "
        f"macro F1 {per_cent_within(alone.f1_macro, alone.intervals['f1_macro'])}, {counted(alone.n, 'image')}."
        if alone
        else f"No image is left without {them}."
    )
    if of.predictions.twins_flatter:
        st.warning(said, title="The score looks better than it is", icon=":material/content_copy:")
    else:
        whose = " of the images that it was not trained on" if has_trained else ""
        st.info(f"{said} They do not raise the score{whose}.", title="Twins in train", icon=":material/content_copy:")
    return True
