"""The Checklist for Artificial Intelligence in Medical Imaging, and how far a report answers it.

Tejani et al., *Checklist for Artificial Intelligence in Medical Imaging (CLAIM): 2024 Update*, Radiology: Artificial
Intelligence 2024;6(4):e240300, doi 10.1148/ryai.240300.
"""

from __future__ import annotations

from collections.abc import Sequence

from allcore.reporting.report.rendering.blocks import Block, Bullets, Inline, Link, Section, Strong, Table, text

ITEMS = {
    1: "Identification as a study of AI methodology",
    2: "Summary of design, methods, results and conclusions",
    3: "Background, with the intended use and role of the AI approach",
    4: "Aims, objectives and hypotheses",
    5: "Prospective or retrospective study",
    6: "Study goal",
    7: "Data sources",
    8: "Inclusion and exclusion criteria",
    9: "Data preprocessing",
    10: "Selection of data subsets",
    11: "De-identification methods",
    12: "How missing data were handled",
    13: "Image acquisition protocol",
    14: "Definition of the methods used to obtain the reference standard",
    15: "Rationale for choosing the reference standard",
    16: "Source of the reference standard annotations",
    17: "Annotation of the test set",
    18: "Inter- and intrarater variability",
    19: "How data were assigned to partitions",
    20: "Level at which partitions are disjoint",
    21: "Intended sample size",
    22: "Detailed description of the model",
    23: "Software libraries, frameworks and packages",
    24: "Initialization of model parameters",
    25: "Details of the training approach",
    26: "Method of selecting the final model",
    27: "Ensembling techniques",
    28: "Metrics of model performance",
    29: "Statistical measures of significance and uncertainty",
    30: "Robustness or sensitivity analysis",
    31: "Methods for explainability or interpretability",
    32: "Evaluation on internal data",
    33: "Testing on external data",
    34: "Clinical trial registration",
    35: "Numbers of patients or examinations included and excluded",
    36: "Demographic and clinical characteristics in each partition",
    37: "Performance metrics and measures of statistical uncertainty",
    38: "Estimates of diagnostic performance and their precision",
    39: "Failure analysis of incorrect results",
    40: "Study limitations",
    41: "Implications for practice, including intended use or clinical role",
    42: "Reference to the full protocol or to additional technical details",
    43: "Availability of software, trained model and data",
    44: "Sources of funding and other support; role of funders",
}
"""The items by number, in short; the publication says each at length."""

CITATION: tuple[Inline, ...] = (
    "A. S. Tejani et al.: Checklist for Artificial Intelligence in Medical Imaging (CLAIM): 2024 Update, Radiology: "
    "Artificial Intelligence 2024;6(4):e240300, ",
    Link("doi 10.1148/ryai.240300", "https://doi.org/10.1148/ryai.240300"),
    ".",
)


def not_provided(sections: Sequence[Section]) -> dict[int, str]:
    """Return what is lacking, by item: of items that no section answers, and of those answered in part."""
    answered = {item for section in sections for item in section.answers}
    lacking = {item: reason for section in sections for item, reason in section.missing.items()}
    unanswered = {item: "nothing is recorded" for item in ITEMS if item not in answered}
    return dict(sorted((unanswered | lacking).items()))


def checklist_section(sections: Sequence[Section]) -> Section:
    """Return the last section: every item with where it is answered, and what is not provided by name."""
    lacking = not_provided(sections)
    places = {
        item: f"{number}. {section.title}"
        for number, section in enumerate(sections, start=1)
        for item in section.answers
    }
    rows = tuple((str(item), name, _state(item, places, lacking)) for item, name in ITEMS.items())
    open_items = frozenset(row for row, item in enumerate(ITEMS) if item in lacking)
    blocks: tuple[Block, ...] = (
        text("The sections follow the order of the checklist: ", *CITATION),
        Table("The 44 items of CLAIM and where they are answered", ("#item", "what", "where"), rows, open_items),
        missing_list(sections),
    )
    return Section("checklist", "CLAIM checklist", blocks)


def missing_list(sections: Sequence[Section]) -> Bullets:
    """Return an entry for each item that is open, or answered in part alone."""
    answered = {item for section in sections for item in section.answers}
    return Bullets(
        tuple(
            (
                f"Not provided{' in full' if item in answered else ''}: ",
                Strong(f"{item}. {ITEMS[item]}"),
                f": {reason}.",
            )
            for item, reason in not_provided(sections).items()
        )
    )


def _state(item: int, places: dict[int, str], lacking: dict[int, str]) -> str:
    if item not in places:
        return "not provided"
    return f"{places[item]}, in part" if item in lacking else places[item]
