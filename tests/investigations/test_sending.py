"""Sending: only where admins want it, bounded, and encrypted for one browser as the standard says."""

from datetime import UTC, datetime, time

import pytest

from investigations.domain.notifying import in_quiet_hours
from investigations.models import NotificationPreference
from investigations.sending import push
from investigations.sending.outbound import Hosts, post
from tests.factories.servers import Answering, local_server

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("url", "hosts", "said"),
    [
        ("https://127.0.0.1/x", Hosts(public=("127.0.0.1",)), "inside the network"),
        ("https://localhost/x", Hosts(public=("localhost",)), "inside the network"),
        ("https://[::1]/x", Hosts(public=("::1",)), "inside the network"),
        ("https://[::ffff:10.0.0.1]/x", Hosts(public=("::ffff:10.0.0.1",)), "inside the network"),
        ("https://[64:ff9b::a00:1]/x", Hosts(public=("64:ff9b::a00:1",)), "inside the network"),
        ("https://169.254.169.254/x", Hosts(internal=("169.254.169.254",)), "serves machines"),
        ("https://other.example/x", Hosts(public=("a.example",)), "not on the list"),
        ("http://a.example/x", Hosts(public=("a.example",)), "Only https"),
        ("https://a.example:8443/x", Hosts(public=("a.example",)), "Only port 443"),
        ("https://me:pw@a.example/x", Hosts(public=("a.example",)), "without a user"),
        ("file:///etc/passwd", Hosts(public=("",)), "Give an address"),
        ("https://nowhere.invalid/x", Hosts(public=("nowhere.invalid",)), "not known"),
        ("https://a.example:99999/", Hosts(public=("a.example",)), "no web address"),
    ],
)
def test_nothing_is_sent_where_no_admin_wanted_it(url, hosts, said) -> None:
    outcome = post(url, b"{}", {}, hosts)
    assert (outcome.is_sent, outcome.is_final) == (False, True)
    assert said in outcome.answer


def test_a_receiver_that_sends_for_ever_or_never_is_left() -> None:
    hosts = Hosts(internal=("127.0.0.1",))
    with local_server(lambda *_: Answering(body=b"x" * 500_000)) as server:
        assert post(server.url, b"{}", {}, hosts).is_sent
    with local_server(lambda *_: Answering(hangs_seconds=3)) as server:
        outcome = post(server.url, b"{}", {}, hosts, deadline_seconds=0.3)
    assert "no answer within 0.3 s" in outcome.answer


def test_push_is_encrypted_as_the_standards_example() -> None:
    """RFC 8291, appendix A."""
    to = push.Subscription(
        "https://push.example/x",
        "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
        "BTBZMqHH6r4Tts7J_aSIgg",
    )
    key = push.private_key("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw")
    body = push.encrypt(
        b"When I grow up, I want to be a watermelon", to,
        salt=push.unb64("DGv6ra1nlYgDCS1FRnbzlw"), key=key,
    )  # fmt: skip
    assert push.b64(body) == (
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6"
        "TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy"
        "4a-fN"
    )


def at(hour: int) -> datetime:
    return datetime(2026, 3, 1, hour, 30, tzinfo=UTC)


def test_quiet_hours_go_over_midnight_and_keep_to_their_zone() -> None:
    wish = NotificationPreference(quiet_from=time(22), quiet_until=time(7), zone="UTC")
    assert [h for h in range(24) if in_quiet_hours(wish, at(h))] == [0, 1, 2, 3, 4, 5, 6, 22, 23]
    wish.zone = "Asia/Tokyo"
    assert in_quiet_hours(wish, at(14))
    assert not in_quiet_hours(wish, at(23))
    assert not in_quiet_hours(NotificationPreference(), at(3))
