"""The visitors of the load test do as a browser does."""

from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from benchmarks.browserless import Shown, Visitor


def renewing(fragment: str) -> ForwardMsg:
    message = ForwardMsg()
    message.auto_rerun.fragment_id, message.auto_rerun.interval = fragment, 2.0
    return message


def drawn(*fragments: str) -> ForwardMsg:
    message = ForwardMsg()
    message.new_session.name = "ALLscope"
    message.metadata.run.fragment_ids.extend(fragments)
    return message


def test_a_page_that_is_drawn_anew_renews_only_what_it_says_then():
    visitor = Visitor("http://nowhere")
    visitor._take(renewing("curves"), Shown())
    visitor._take(drawn("curves"), Shown())
    assert visitor.renews
    visitor._take(drawn(), Shown())
    assert not visitor.renews
