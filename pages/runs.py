"""Runs: all of them, and one or several as they go; stop, resume, delete, and what they leave."""

from typing import cast

import streamlit as st

from allcore.config import TrainConfig
from allcore.errors import InputError
from allcore.refusals import what_went_wrong
from allcore.reporting.number_text import memory
from allcore.reporting.settings import compared_settings, settings_table
from allcore.reporting.training_curves import Per
from allcore.runs.execution.choose_executor import executor_of, resume
from allcore.runs.folder.files import DOWNLOADS
from allcore.runs.folder.states import ACTIVE, RESUMABLE, in_words
from allcore.runs.folder.store import Run
from allcore.runs.summary import summary_table
from pages.ui import address
from pages.ui.guarded import guarded
from pages.ui.known.runs import refresh_every, runs, short_name, states, summaries, watch
from pages.ui.known.studies import names_of_grids, studies
from pages.ui.known.workspace import executor
from pages.ui.runs.about import show_about
from pages.ui.runs.free_space import is_space_to_free, offer_to_free_space
from pages.ui.runs.studies import show_studies
from pages.ui.runs.view import show_curves, show_epochs, show_log, show_progress
from pages.ui.shared.choose import select_run
from pages.ui.shared.queue import show_devices
from pages.ui.show import per_cent_bar, per_cent_column, plain, row_of, table, table_with_rows
from pages.ui.sign_in import act, may_act, show_actions


def change(action: str, run: Run) -> None:
    """Stop, resume or delete a run."""
    if action == "stop":
        executor_of(run, executor().workspace).stop_in_background(run)
    elif action == "resume":
        resume(run, executor())
    else:
        executor().store.delete(run)


def carry_out(action: str, run: Run, shown: str) -> None:
    """Stop, resume or delete a run that was shown in a state; what stands in the way is kept for the page to show."""
    now = states([run])[run.id] if run.folder.is_dir() else "deleted"
    going_on = shown in ACTIVE and now in ACTIVE
    if now != shown and not going_on:
        st.session_state["refused"] = (
            f"{run.id} was {in_words(shown)} when you chose to {action} it, and is {in_words(now)} now."
        )
        return
    try:
        act(action, run.id, lambda: change(action, run))
    except (InputError, OSError) as error:
        st.session_state["refused"] = what_went_wrong(error)
    else:
        if action == "delete":
            address.say("run", None)


@st.dialog("Delete this run?")
@guarded("the question before deleting")
def confirm_deletion(run: Run, shown: str) -> None:
    """Ask before a run is deleted that was shown in a state."""
    if run.folder.is_symlink():
        st.write(plain(f"{run.id} is a link, which is removed; the run itself stays in {run.folder.readlink()}."))
    else:
        st.write(f"{plain(run.id)}, its model and its predictions are removed from the disk. This cannot be undone.")
    with st.container(horizontal=True):
        deleted = st.button(
            "Delete it", type="primary", icon=":material/delete:", on_click=carry_out, args=("delete", run, shown)
        )
        if st.button("Cancel") or deleted:
            st.rerun()


def show_all(wanted: str, hidden: bool) -> None:
    """Show a line a run that has all words of `wanted` in what is said of it.

    Those of a study stand in its grid, and here where words are wanted.
    """
    grids, words = names_of_grids(), wanted.split()
    every = summaries(runs())
    here = [each for each in every if words or each.config is None or not in_a_grid(each.config, grids)]
    found = [each for each in here if each.says(wanted)]
    now = [each for each in found if hidden or not each.about.hidden]
    if address.is_due():  # the page around this list is to show another run
        st.rerun()
    if not now:
        st.caption(why_none(bool(every), bool(found), bool(words)))
        return
    rows = summary_table(now)
    shown = [
        "run", "name", "state", "progress", "test_accuracy", "launched", "dataset", "image_size", "split",
        "best_validation_accuracy", "study", "tags", "size", "person_note", "note",
    ]  # fmt: skip
    said_of_none = [one for one in ("name", "study", "tags", "person_note", "note") if (rows[one] == "").all()]
    in_per_cent = {name: 100 * rows[name] for name in ("test_accuracy", "best_validation_accuracy")}
    states, sizes = [in_words(one.state) for one in now], [memory(one.bytes) for one in now]
    whole = rows.assign(progress=[one.progress for one in now], state=states, size=sizes)[shown]
    listed = whole.assign(progress=100 * whole["progress"], **in_per_cent)
    table_with_rows(
        listed.drop(columns=said_of_none), "runs",
        "All runs with state, progress, test accuracy, when they were launched, dataset, image size, split, best "
        "validation accuracy, study, size on the disk, note and what went wrong",
        {
            "run": "Run", "name": "Name", "tags": "Tags", "dataset": "Dataset",
            "launched": st.column_config.TextColumn("Launched (UTC)", width=130),
            "split": "Split", "study": "Study", "size": "Disk space",
            "state": st.column_config.TextColumn("State", width=100),
            "progress": per_cent_bar("Progress", 100),
            "image_size": st.column_config.NumberColumn("Size (px)", format="%d"),
            "test_accuracy": per_cent_column("Test (%)", "accuracy on its test images"),
            "best_validation_accuracy": per_cent_column("Best validation accuracy (%)"),
            "person_note": st.column_config.TextColumn("Note", width="medium"),
            "note": st.column_config.TextColumn("What went wrong", width="large"),
        },
        whole, lambda row: address.say_to_page("run", str(listed["run"].iloc[row])),
        row_of(listed["run"], st.query_params.get("run")),
    )  # fmt: skip


def why_none(any_run: bool, found: bool, wanted: bool) -> str:
    """Return why no run is listed: of whether there is `any_run`, one was `found`, and words were `wanted`."""
    if found:
        return "All runs with these words are hidden." if wanted else "All runs here are hidden."
    if not any_run:
        return "No run is left."
    return "No run has all of these words." if wanted else "All runs belong to the studies above."


def in_a_grid(config: TrainConfig, studies: set[str]) -> bool:
    """Return whether a run is a member of a study that is shown."""
    return config.place is not None and config.study in studies


def show_run(run: Run, state: str, compared: list[Run], per: Per, smoothing: float) -> None:
    """Show how a run goes, its curves with those of the compared runs, and its log."""
    head, curves = st.container(), st.container()  # places of their own: what comes above a chart must not remake it
    with head:
        show_progress(run, state)
    with curves:
        if drawn := [*([] if state == "damaged" else [run]), *compared]:
            show_curves(drawn, per, smoothing)
    log = st.expander("Log", on_change="rerun", key="log", icon=":material/terminal:")
    if log.open:
        with log:
            show_log(run)
    epochs = st.expander("Epochs as a table", on_change="rerun", key="epochs", icon=":material/table:")
    if epochs.open:
        with epochs:
            show_epochs(run)


st.title("Runs")
show_studies()
known = {run.id: run for run in runs()}
with st.container():
    if "refused" in st.session_state:
        st.error(plain(st.session_state.pop("refused")), title="That did not work")
if not known:
    watch({})
    if not studies():
        st.info("Launch one on the Train page; the quick preset takes minutes.", title="No run yet")
        st.page_link("pages/train.py", label="Train", icon=":material/model_training:")
    if is_space_to_free():
        offer_to_free_space()
    st.stop()

now = {summary.id: summary for summary in summaries(list(known.values()))}
watch({one.id: one.state for one in now.values()})
show_devices(list(now.values()))
with st.container(horizontal=True, vertical_alignment="bottom"):
    wanted = st.text_input(
        "Find", key="find", bind="query-params", placeholder="name, tag, dataset, state, study", width=280
    )
    hidden = any(one.about.hidden for one in now.values()) and st.toggle(
        "Show hidden", key="all_runs", bind="query-params"
    )
st.fragment(guarded("the list of runs")(show_all), run_every=refresh_every(list(now.values())))(wanted, hidden)

run = select_run(known)
if run is None:
    offer_to_free_space()
    st.stop()
summary = now[run.id]
with st.container(horizontal=True, vertical_alignment="center"):
    st.button(
        "Stop", icon=":material/stop:", disabled=summary.state not in ACTIVE or not may_act(), on_click=carry_out,
        args=("stop", run, summary.state),
        help="Stops after the batch that is under way. The checkpoint is kept.",
    )  # fmt: skip
    st.button(
        "Resume", icon=":material/play_arrow:", disabled=summary.state not in {*RESUMABLE, "damaged"} or not may_act(),
        on_click=carry_out, args=("resume", run, summary.state), help="Goes on from the last checkpoint.",
    )  # fmt: skip
    if st.button("Delete", icon=":material/delete:", disabled=summary.state in ACTIVE or not may_act()):
        confirm_deletion(run, summary.state)
    offer_to_free_space()
    if summary.state == "succeeded":
        st.page_link("pages/evaluate.py", label="Evaluate", icon=":material/grid_on:", query_params={"run": run.id})

said = st.expander("Name, note, tags", icon=":material/label:", on_change="rerun", key="said")
if said.open:
    with said:
        show_about(run)
with st.container(horizontal=True, vertical_alignment="bottom"):
    per = st.segmented_control(
        "Curves per", ["Epoch", "Batch"], default="Epoch", required=True, key="per", bind="query-params"
    )
    smoothing = st.slider(
        "Smoothing (%)", 0, 95, 0, 5, key="smoothing", bind="query-params", width=160,
        help="The higher, the more each point is averaged with those before it (training curves only).",
    )  # fmt: skip
    readable = [one for one in known if one != run.id and now[one].state != "damaged"]
    compared = st.multiselect("Compare with", readable, key="with", bind="query-params", placeholder="No other run")
watched = [now[one] for one in (run.id, *compared)]
live = st.fragment(guarded("a run")(show_run), run_every=refresh_every(watched))
live(run, summary.state, [known[one] for one in compared], cast(Per, str(per).lower()), smoothing / 100)

with st.expander("Settings", icon=":material/tune:", on_change="rerun", key="settings") as settings:
    configs = {one: now[one].config for one in (run.id, *compared)}
    both = {short_name(known[one]): config for one, config in configs.items() if config is not None}
    if settings.open and len(both) > 1:
        table(
            compared_settings(both), "settings", "Settings of the compared runs, those that differ first",
            {"setting": "Setting", "differs": st.column_config.CheckboxColumn("Differs")},
        )  # fmt: skip
    elif settings.open and summary.config is not None:
        table(
            settings_table(summary.config), "settings", "Settings of the run, and the paper's where they are others",
            {"setting": "Setting", "value": "Value", "paper": "Paper, where different"},
        )  # fmt: skip
study = summary.config.study if summary.config is not None else None
show_actions(run.id, *([] if study is None else [study]))
st.header("Files", anchor=False)
with st.container(horizontal=True):
    for path in (run.folder / name for name in DOWNLOADS):
        if path.is_file():
            st.download_button(
                f"{path.name}, {memory(path.stat().st_size)}", path.read_bytes, path.name, key=f"file-{path.name}",
                icon=":material/download:", on_click="ignore",
            )  # fmt: skip
st.caption(plain(f"All of the run is in {run.folder}"))
