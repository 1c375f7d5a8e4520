"""The adapters on real sockets: what they send, what they read, how they fail."""

import time

import pytest
from pydantic import BaseModel

from agents.llm import asking
from agents.llm.asking import GaveUp, ask, read_reply
from agents.llm.ports import (
    BadModelOutput,
    ChatRequest,
    Message,
    ModelRefused,
    ModelTimeout,
    ModelUnavailable,
    ReplySchema,
)
from tests.agents.llm.conftest import KEY, WIRES
from tests.agents.llm.servers import (
    anthropic_events,
    cut_bytes,
    dead_url,
    drip,
    hang,
    openai_events,
    serving,
    status,
    stream,
)

pytestmark = pytest.mark.integration
SCHEMA = {
    "type": "object",
    "properties": {"word": {"type": "string"}},
    "required": ["word"],
    "additionalProperties": False,
}
REPLY = {"word": "payments is slow"}


class Word(BaseModel):
    word: str


def request(**given: object) -> ChatRequest:
    fields = {"reply": ReplySchema("say_word", "Say a word.", SCHEMA), "deadline_seconds": 5.0}
    return ChatRequest(system="Say it.", messages=(Message("user", "Now."),), **{**fields, **given})


def parse(text: str) -> Word:
    return read_reply(text, Word)


def asked(model, **given: object):
    """Ask without waiting between attempts; return the answer and the waits."""
    waits: list[float] = []
    answer = ask(model, request(**given), parse, allowance_tokens=100_000, sleep=waits.append)
    return answer, waits


@pytest.mark.capability(101)
def test_a_structured_answer_streams_in_with_its_tokens(wire) -> None:
    heard: list[str] = []
    with serving(stream(wire.events(REPLY))) as server:
        found = wire.model(server.url).complete(request(), on_text=heard.append)
    assert parse(found.text) == Word(**REPLY)
    assert (found.usage.input_tokens, found.usage.output_tokens) == (120, 34)
    assert len(heard) == 4
    assert "".join(heard) == found.text
    assert found.model in {"claude-local", "gpt-local"}


def test_the_messages_api_is_asked_for_a_tool() -> None:
    with serving(stream(anthropic_events(REPLY))) as server:
        WIRES["anthropic"].model(server.url).complete(request())
    sent = server.requests[0]
    assert server.paths == ["/v1/messages"]
    assert server.headers[0]["authorization"] == f"Bearer {KEY}"
    assert server.headers[0]["anthropic-version"]
    assert sent["stream"] is True
    assert sent["tools"][0]["input_schema"] == SCHEMA
    assert sent["tool_choice"]["name"] == sent["tools"][0]["name"] == "say_word"


def test_chat_completions_are_asked_for_a_format_and_usage() -> None:
    with serving(stream(openai_events(REPLY))) as server:
        WIRES["openai"].model(server.url).complete(request())
    sent = server.requests[0]
    assert server.paths == ["/v1/chat/completions"]
    assert server.headers[0]["authorization"] == f"Bearer {KEY}"
    assert sent["response_format"]["json_schema"]["schema"] == SCHEMA
    assert sent["stream_options"] == {"include_usage": True}


def test_a_server_that_takes_no_schema_gets_it_in_words(wire) -> None:
    text = 'Here it is:\n```json\n{"word": "payments is slow"}\n```'
    events = (
        anthropic_events(text, is_tool=False) if wire.name == "anthropic" else openai_events(text)
    )
    with serving(status(400), stream(events)) as server:
        answer, _ = asked(wire.model(server.url))
    assert answer.value == Word(**REPLY)
    plain = server.requests[1]
    assert not {"tools", "response_format", "stream_options"} & set(plain)
    assert '"additionalProperties": false' in str(plain).replace("\\", "")


def test_a_429_is_asked_again_after_what_it_says(wire) -> None:
    with serving(status(429, Retry_After="3"), stream(wire.events(REPLY))) as server:
        answer, waits = asked(wire.model(server.url))
    assert answer.value == Word(**REPLY)
    assert waits == [3.0]
    # A refused request has used nothing.
    assert (answer.input_tokens, answer.output_tokens) == (120, 34)


def test_a_retry_after_beyond_the_cap_is_not_shortened(wire) -> None:
    with serving(status(429, Retry_After="60")) as server, pytest.raises(GaveUp, match="429"):
        asked(wire.model(server.url), deadline_seconds=300.0)
    assert len(server.bodies) == 1


@pytest.mark.parametrize("code", [429, 500, 503, 529])
def test_an_error_for_ever_ends_after_three_attempts(wire, code: int) -> None:
    with serving(status(code)) as server, pytest.raises(GaveUp, match=str(code)) as caught:
        asked(wire.model(server.url))
    assert len(server.bodies) == 3
    assert caught.value.is_unavailable
    assert caught.value.usage.input_tokens == 0


@pytest.mark.parametrize("code", [401, 403, 404])
def test_a_refused_request_is_not_repeated(wire, code: int) -> None:
    body = {"error": {"type": "x", "message": f"bad key {KEY} password=hunter22222"}}
    with (
        serving(status(code, body=body)) as server,
        pytest.raises(GaveUp, match=str(code)) as caught,
    ):
        asked(wire.model(server.url))
    assert len(server.bodies) == 1
    assert KEY not in str(caught.value)
    assert "hunter22222" not in str(caught.value)


def test_a_redirect_does_not_carry_the_key_away(wire) -> None:
    with serving(stream(wire.events(REPLY))) as other:
        away = status(307, Location=f"{other.url}/v1/messages")
        with serving(away) as server, pytest.raises(GaveUp, match="redirects"):
            asked(wire.model(server.url))
    assert other.bodies == []


def test_a_server_that_hangs_ends_at_the_deadline(wire) -> None:
    began = time.monotonic()
    with serving(hang(3.0)) as server:
        with pytest.raises(GaveUp, match="in time"):
            asked(wire.model(server.url), deadline_seconds=0.5)
        assert time.monotonic() - began < 2.0
    assert len(server.bodies) == 1


def test_a_server_that_only_pings_ends_at_the_deadline(wire) -> None:
    began = time.monotonic()
    with serving(drip(4.0, wire.ping)) as server:
        with pytest.raises(ModelTimeout):
            wire.model(server.url).complete(request(deadline_seconds=0.6))
        assert time.monotonic() - began < 2.0


def test_late_headers_leave_only_the_rest_of_the_deadline(wire) -> None:
    events = wire.events(REPLY)

    def late(handler) -> None:
        time.sleep(0.7)
        stream([events[0]], pause=3.0)(handler)

    began = time.monotonic()
    with serving(late) as server:
        with pytest.raises(ModelTimeout):
            wire.model(server.url).complete(request(deadline_seconds=1.0))
        assert time.monotonic() - began < 1.6


def test_nobody_there(wire) -> None:
    with pytest.raises(GaveUp, match="could not be reached") as caught:
        asked(wire.model(dead_url()))
    assert caught.value.is_unavailable


CUTS = [
    (name, place) for name, one in WIRES.items() for place in range(len(one.events(REPLY)))
]  # fmt: skip


@pytest.mark.parametrize(("name", "place"), CUTS)
def test_a_stream_cut_at_every_chunk_is_noticed(name: str, place: int) -> None:
    one = WIRES[name]
    events = one.events(REPLY)
    with serving(stream(events, cut_after=place), stream(events)) as server:
        answer, _ = asked(one.model(server.url))
    assert answer.value == Word(**REPLY)
    # Only the answer's end may be missing: the usage and the end mark of chat completions.
    is_whole = name == "openai" and place >= len(events) - 2
    if not is_whole:
        assert len(server.bodies) == 2
        # What the cut attempt used is counted, by its bound where the provider did not say.
        assert answer.output_tokens > 34


@pytest.mark.parametrize("name", sorted(WIRES))
def test_a_stream_that_ends_cleanly_but_early_is_noticed(name: str) -> None:
    one = WIRES[name]
    events = one.events(REPLY)
    whole = b"".join(events)
    end = whole.index(b"message_stop") if name == "anthropic" else whole.index(b'"stop"')
    sizes = list(range(0, end, max(1, end // 25)))
    for size in sizes:
        with (
            serving(cut_bytes(events, size)) as server,
            pytest.raises((ModelUnavailable, BadModelOutput)),
        ):
            one.model(server.url).complete(request())


@pytest.mark.parametrize(
    "text", ["no json at all", '{"word": ', '{"word": 5}', '{"other": "x"}', "[1, 2]", "[" * 5000]
)
def test_an_answer_of_another_shape_gets_one_more_try(wire, text: str) -> None:
    with (
        serving(stream(wire.events(text))) as server,
        pytest.raises(GaveUp, match="answer") as caught,
    ):
        asked(wire.model(server.url))
    assert len(server.bodies) == 2
    assert not caught.value.is_unavailable
    assert caught.value.usage.input_tokens == 240


def test_bytes_that_are_no_events(wire) -> None:
    broken = stream([b"data: {broken\n\n", b"event: message_start\ndata: 7\n\n"])
    with serving(broken) as server, pytest.raises((BadModelOutput, ModelUnavailable)):
        wire.model(server.url).complete(request())


def test_an_endless_answer_is_cut_off(wire) -> None:
    with (
        serving(stream(wire.events("x" * 1_000_000))) as server,
        pytest.raises(GaveUp, match="64,000"),
    ):
        asked(wire.model(server.url))
    assert len(server.bodies) == 1


def test_a_refusal_is_not_argued_with(wire) -> None:
    stop = "refusal" if wire.name == "anthropic" else "content_filter"
    with serving(stream(wire.events(REPLY, stop=stop))) as server, pytest.raises(ModelRefused):
        wire.model(server.url).complete(request())
    assert len(server.bodies) == 1


def test_no_attempt_goes_beyond_the_allowance(wire) -> None:
    one = request()
    with serving(stream(wire.events(REPLY))) as server, pytest.raises(GaveUp, match="budget"):
        ask(wire.model(server.url), one, parse, allowance_tokens=one.most_tokens - 1)
    assert server.bodies == []


def test_a_second_attempt_needs_its_own_allowance(wire) -> None:
    one = request()
    with serving(stream(wire.events("no json"))) as server, pytest.raises(GaveUp, match="budget"):
        ask(wire.model(server.url), one, parse, allowance_tokens=one.most_tokens,
            sleep=lambda _: None)  # fmt: skip
    assert len(server.bodies) == 1
    assert asking.MAX_ATTEMPTS > 1
