"""Judgements as CSV: safe in a spreadsheet, found again wherever it was edited, refused whole when damaged."""

from io import StringIO

import pandas as pd
import pytest

from allcore.config import CORRECTED
from allcore.data.catalog import scan
from allcore.data.labels.judgement_table import COLUMNS, import_judgements, judgement_table
from allcore.data.labels.judgements import add_judgements, make_judgement, read_judgements
from allcore.data.labels.versions import label_version
from allcore.errors import DatasetError
from allcore.text import for_csv


@pytest.fixture
def catalog(make_dataset):
    return scan(make_dataset({"=Benign": 4, "Pro": 3}))


@pytest.fixture
def file(tmp_path):
    return tmp_path / "judgements.jsonl"


@pytest.fixture
def judge(catalog, file):
    def judge(number, verdict, becomes="", who="anna@lab.org", when="2026-11-01T10:00:00Z"):
        row = catalog.images().iloc[number]
        made = make_judgement(row["sha256"], row["path"], row["label"], catalog.classes, verdict, becomes, who)
        add_judgements(file, [made.model_copy(update={"when": when})])

    return judge


def test_table_has_both_judgements_of_an_image_and_says_which_counts(catalog, judge, file):
    judge(0, "wrong", "Pro", when="2026-11-02T10:00:00Z")
    judge(0, "right", who="bob@lab.org")
    table = judgement_table(catalog, file)
    assert list(table.columns) == list(COLUMNS)
    assert table[["image", "verdict", "class", "who", "counts"]].to_numpy().tolist() == [
        ["=Benign/0.png", "wrong", "Pro", "anna@lab.org", "yes"],
        ["=Benign/0.png", "right", "", "bob@lab.org", ""],
    ]


def test_what_is_exported_is_safe_in_a_spreadsheet_and_imported_it_is_the_same(catalog, judge, file, tmp_path):
    judge(0, "wrong", "Pro", who="=HYPERLINK()@lab.org")
    judge(4, "wrong", "=Benign")
    judge(5, "excluded")
    judge(5, "unsure")  # in the same second
    csv = for_csv(judgement_table(catalog, file))
    assert not [cell for cell in pd.read_csv(StringIO(csv), dtype=str).to_numpy().ravel() if str(cell)[:1] in "=+-@"]
    elsewhere = tmp_path / "elsewhere" / "judgements.jsonl"
    for separator in (",", ";", "\t"):
        imported = import_judgements(csv.replace(",", separator).encode("utf-8-sig"), "a.csv", catalog, elsewhere)
        assert imported.added + imported.known == 4
    assert imported.added == 0
    assert read_judgements(elsewhere).latest == read_judgements(file).latest
    assert set(read_judgements(elsewhere).every) == set(read_judgements(file).every)


def test_former_versions_of_the_labels_can_be_had_again_where_judgements_were_imported(catalog, judge, file, tmp_path):
    judge(0, "wrong", "Pro", when="2026-11-02T10:00:00Z")
    former = label_version(catalog, None, CORRECTED, file)
    judge(1, "excluded", when="2026-11-01T10:00:00Z")  # as a colleague's that was imported
    elsewhere = tmp_path / "elsewhere" / "judgements.jsonl"
    import_judgements(for_csv(judgement_table(catalog, file)).encode(), "a.csv", catalog, elsewhere)
    again = label_version(catalog, None, former.name, elsewhere)
    assert again.catalog.table.equals(former.catalog.table)


def test_a_judgement_of_a_file_that_was_renamed_is_known(catalog, judge, file):
    judge(0, "right")
    (catalog.root / "=Benign" / "0.png").rename(catalog.root / "=Benign" / "renamed.png")
    renamed = scan(catalog.root)
    csv = for_csv(judgement_table(renamed, file))
    assert "renamed.png" in csv
    assert import_judgements(csv.encode(), "a.csv", renamed, file).added == 0


def test_judgements_of_other_images_come_along_and_are_counted(catalog, judge, file):
    judge(0, "right")
    csv = for_csv(judgement_table(catalog, file)).splitlines()
    other = csv[1].replace(catalog.images()["sha256"][0], "0" * 64)
    imported = import_judgements("\n".join([*csv, other]).encode(), "a.csv", catalog, file)
    assert (imported.added, imported.known, imported.other) == (1, 1, 1)
    said = "1 judgement added, 1 known before; of the added, 1 is of an image outside this dataset"
    assert imported.in_words() == said
    with pytest.raises(DatasetError, match=r"no judgement in a\.csv is of an image"):
        import_judgements("\n".join([csv[0], other]).encode(), "a.csv", catalog, file)


GOOD = "sha256,label,verdict,class,who,when\n{sha256},Pro,wrong,=Benign,anna,2026-11-01T10:00:00Z\n"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("verdict", "judged", "first line lacks verdict; expected the columns"),
        ("{sha256}", "123", "line 2: expected sha256 of 64 hexadecimal digits"),
        ("wrong", "perhaps", "line 2: expected one of right, wrong, unsure, excluded"),
        ("wrong", "right", "line 2: expected another class where the verdict is wrong"),
        ("=Benign", "Blast", "line 2: the dataset has no class 'Blast'; it has =Benign, Pro"),
        ("2026-11-01T10:00:00Z", "1.11.2026", "line 2: expected when as 2026-11-27T09:30:00Z"),
        ("2026-11-01", "2999-11-01", "line 2 is of 2999-11-01T10:00:00Z, which is in the future"),
        (",anna", "", "line 2 has 5 fields; expected 6"),
        ("anna", '"anna', "line 2 cannot be divided into fields"),
        ("anna", "\0", "null characters"),
    ],
)
def test_a_damaged_table_is_refused_whole_with_its_line(catalog, file, old, new, message):
    table = GOOD.replace(old, new, 1).format(sha256=catalog.images()["sha256"][5])
    with pytest.raises(DatasetError, match=message):
        import_judgements(table.encode(), "a.csv", catalog, file)
    assert not file.exists()
    assert import_judgements(GOOD.format(sha256=catalog.images()["sha256"][5]).encode(), "a", catalog, file).added == 1
