"""JSON of anybody: what is looked at closely, and what need not be, gives the same values or is refused alike."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allcore.errors import FileError
from allcore.json_text import DEEPEST, LARGEST_INTEGER, parse_json

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


def expected(value, depth=0):
    """Return the value that a JSON value is read as, by the docstring's words; raises `ValueError` where none."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, int) and abs(value) > LARGEST_INTEGER:
        raise ValueError(value)
    if isinstance(value, str) and ("\0" in value or any("\ud800" <= letter <= "\udfff" for letter in value)):
        raise ValueError(value)
    if isinstance(value, dict | list) and depth > DEEPEST:
        raise ValueError(value)
    if isinstance(value, dict):
        return {expected(name): expected(of, depth + 1) for name, of in value.items()}
    return [expected(of, depth + 1) for of in value] if isinstance(value, list) else value


@pytest.mark.slow
@given(VALUES, st.booleans())
def test_values_are_plain_or_refused(value, ascii_only):
    text = json.dumps(value, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    try:
        plain = expected(json.loads(json.dumps(value)))
    except ValueError:
        with pytest.raises(FileError):
            parse_json(text)
    else:
        assert parse_json(text) == plain


@pytest.mark.parametrize("text", ["1e400", "-1E+400", "1" * 400 + ".0", "NaN", "-Infinity"])
def test_numbers_that_are_not_finite_become_none(text):
    assert parse_json(f'{{"a": [{text}]}}'.encode()) == {"a": [None]}


@pytest.mark.parametrize("text", [str(2**63), "[" * 22 + "]" * 22, '"\\u0000"', '"\\ud800"', '{"\\uDFFF": 1}'])
def test_what_no_file_of_ours_holds_is_refused(text):
    with pytest.raises(FileError):
        parse_json(text.encode())
