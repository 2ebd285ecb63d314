"""A visitor of the app without a browser: speaks the server's own protocol, fetches the pictures, obeys its timers."""

from __future__ import annotations

import asyncio
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Element_pb2 import Element
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

PATIENCE = 120.0
"""Seconds after which a page is taken to hang."""
FAILED = "Something went wrong"


@dataclass
class Shown:
    """What a page showed: the seconds until it was whole, its pictures, what failed on it, descriptions of figures.

    Its buttons are by their labels, each with whether it can be pressed; `texts` is what it says besides; `leads_to` is
    where it sent the browser, to sign in or out.
    """

    seconds: float = 0.0
    pictures: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    figures: list[str] = field(default_factory=list)
    buttons: dict[str, bool] = field(default_factory=dict)
    texts: list[str] = field(default_factory=list)
    leads_to: str = ""


class Visitor:
    """One session of the app, with the cookies of a browser that has been there before."""

    def __init__(self, server: str, cookies: Mapping[str, str] | None = None) -> None:
        self._server = server
        self._cookies = dict(cookies or {})
        self._buttons: dict[str, str] = {}
        self._socket: ClientConnection | None = None
        self._timers: dict[str, tuple[float, float]] = {}
        self._place = ("", "")

    async def open(self, page: str, query: str = "", *, back: bool = False) -> Shown:
        """Go to a page (its path in the address) and return what it shows, its pictures fetched."""
        if self._socket is None:
            address = self._server.replace("http", "ws", 1) + "/_stcore/stream"
            spoken = ["streamlit", self._cookies.get("_streamlit_xsrf")]
            self._socket = await connect(
                address,
                subprotocols=[Subprotocol(one) for one in spoken if one],
                origin=Origin(self._server),
                additional_headers=[("Cookie", f"{name}={value}") for name, value in self._cookies.items()],
                max_size=None,
            )
        self._timers.clear()
        self._place = (page, query)
        shown = await self._run(self._asking(is_history_navigation=back), PATIENCE)
        shown.faults += await asyncio.gather(*map(self._fetch, dict.fromkeys(shown.pictures)))
        shown.faults = [fault for fault in shown.faults if fault]
        return shown

    async def press(self, label: str) -> Shown:
        """Press a button of the page, disabled or not, and return what the page shows then."""
        asking = self._asking()
        asking.rerun_script.widget_states.widgets.add(id=self._buttons[label], trigger_value=True)
        return await self._run(asking, PATIENCE)

    @property
    def renews(self) -> bool:
        """Whether the page that is open renews something by itself."""
        return bool(self._timers)

    async def stay(self, seconds: float) -> list[Shown]:
        """Look at the page for some seconds: what it renews by itself is asked for, as a browser would."""
        until, renewed = time.monotonic() + seconds, []
        while (now := time.monotonic()) < until:
            due = min(((next_, name) for name, (next_, _) in self._timers.items()), default=(until, ""))
            await asyncio.sleep(max(0.0, min(due[0], until) - now))
            if due[1] and due[0] < until:
                interval = self._timers[due[1]][1]
                self._timers[due[1]] = (time.monotonic() + interval, interval)
                renewed.append(await self._run(self._asking(fragment_id=due[1], is_auto_rerun=True), PATIENCE))
        return renewed

    async def close(self) -> None:
        """Leave the app."""
        if self._socket is not None:
            await self._socket.close()

    def _asking(self, **more: object) -> BackMsg:
        message = BackMsg()
        state = message.rerun_script
        state.page_name, state.query_string = self._place
        state.context_info.url = f"{self._server}/{self._place[0]}"
        state.context_info.timezone, state.context_info.locale = "UTC", "en"
        for name, value in more.items():
            setattr(state, name, value)
        return message

    async def _run(self, asking: BackMsg, patience: float) -> Shown:
        assert self._socket is not None
        shown, began = Shown(), time.monotonic()
        await self._socket.send(asking.SerializeToString())
        try:
            async with asyncio.timeout(patience):
                while not self._take(ForwardMsg.FromString(bytes(await self._socket.recv(decode=False))), shown):
                    pass
        except TimeoutError:
            shown.faults.append(f"{self._place[0]}: no answer in {patience:.0f} s")
        shown.seconds = time.monotonic() - began
        return shown

    def _take(self, message: ForwardMsg, shown: Shown) -> bool:
        """Take in one message; return whether the page is whole."""
        kind = message.WhichOneof("type")
        if kind == "script_finished":
            return message.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN
        if kind == "new_session" and not message.metadata.run.fragment_ids:
            self._timers.clear()  # the page is drawn anew: what it renews by itself, it says again
        elif kind == "auto_rerun":
            interval = message.auto_rerun.interval
            self._timers[message.auto_rerun.fragment_id] = (time.monotonic() + interval, interval)
        elif kind == "stop_auto_rerun":
            for name in message.stop_auto_rerun.fragment_ids:
                self._timers.pop(name, None)
        elif kind == "auth_redirect":
            shown.leads_to = message.auth_redirect.url
        elif kind == "page_not_found":
            shown.faults.append(f"{self._place[0]}: no such page")
        elif kind == "delta" and message.delta.WhichOneof("type") == "new_element":
            self._look_at(message.delta.new_element, shown)
        return False

    def _look_at(self, element: Element, shown: Shown) -> None:
        what = element.WhichOneof("type")
        if what == "exception":
            shown.faults.append(f"{self._place[0]}: {element.exception.type}")
        elif what == "alert":
            shown.texts.append(f"{element.alert.title}: {element.alert.body}")
            if FAILED in shown.texts[-1]:
                shown.faults.append(f"{self._place[0]}?{self._place[1]}: {FAILED}")
        elif what == "markdown":
            shown.texts.append(element.markdown.body)
        elif what == "button":
            shown.buttons[element.button.label] = not element.button.disabled
            self._buttons[element.button.label] = element.button.id
        elif what == "imgs":
            shown.pictures += [image.url for image in element.imgs.imgs if image.url.startswith("/")]
        elif what == "plotly_chart":
            shown.figures.append(element.plotly_chart.alt)

    async def _fetch(self, picture: str) -> str:
        """Fetch a picture; return what went wrong, or ''."""

        def fetch() -> str:
            try:
                with urllib.request.urlopen(self._server + picture, timeout=PATIENCE) as answer:
                    answer.read()
            except (urllib.error.URLError, ConnectionError, TimeoutError) as error:
                return f"picture on {self._place[0]}: {error}"
            return ""

        return await asyncio.to_thread(fetch)
