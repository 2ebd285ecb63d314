"""What a page or a part of it shows when it fails: never a traceback."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from allcore.errors import InputError
from allcore.refusals import refusal
from allcore.text import for_page


@contextmanager
def guarded(name: str) -> Iterator[None]:
    """Show in place why what `name` calls cannot be shown; what is no fault of the user's goes to the server's log.

    A fragment needs one of its own: it runs again without the page around it.
    """
    try:
        yield
    except InputError as error:
        st.error(for_page(str(error)), title="This cannot be shown")
    except Exception as error:
        logging.getLogger("allscope").exception("%s", name)
        if (refused := refusal(error)) is not None:
            st.error(for_page(f"What to do: {refused.to_do}."), title=refused.why[0].upper() + refused.why[1:])
            return
        if isinstance(error, FileNotFoundError) and error.filename:  # between two looks another may delete it
            gone = f"{error.filename} was deleted, renamed or moved meanwhile. Reload the page to see what is there."
            st.error(for_page(gone), title="This is no longer there")
            return
        st.error("The server's log has the details. Reloading the page may help.", title="Something went wrong here")
