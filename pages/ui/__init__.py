"""The parts of the pages, and what several of them share: choosing, showing, catching errors."""

import streamlit as st
from streamlit.runtime.pages_manager import PagesManager

if PagesManager.uses_pages_directory:
    # Streamlit takes a folder called pages for its older kind of navigation until st.navigation has been called once.
    # A server whose first request is for a page's own address would run that page without streamlit_app.py.
    PagesManager.uses_pages_directory = False
    st.rerun()
