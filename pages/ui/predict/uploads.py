"""Files that were uploaded, kept while other pages are looked at."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st
from streamlit.typing import UploadedFile

_UPLOADER, _EARLIER, _UPLOADED = "uploads", "uploads_earlier", "uploads_all"


def uploaded_files(label: str, endings: Sequence[str], largest_mb: int) -> list[UploadedFile]:
    """Let the user upload files, and return them; those of earlier visits to the page stay until they are removed."""
    if _UPLOADER not in st.session_state:  # Streamlit forgets it as soon as another page is looked at
        st.session_state[_EARLIER] = st.session_state.get(_UPLOADED, [])
    now = st.file_uploader(label, list(endings), accept_multiple_files=True, max_upload_size=largest_mb, key=_UPLOADER)
    earlier: list[UploadedFile] = st.session_state[_EARLIER]
    if earlier:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(f"{len(earlier)} uploaded before", width="content")
            st.button("Remove them", icon=":material/close:", on_click=_forget_earlier, type="tertiary")
    st.session_state[_UPLOADED] = [*earlier, *now]
    return st.session_state[_UPLOADED]


def _forget_earlier() -> None:
    st.session_state[_EARLIER] = []
