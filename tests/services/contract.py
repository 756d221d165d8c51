"""What every real server has to get from us: the octets that were composed, each once, to those it accepted."""

from __future__ import annotations

import collections
import smtplib
import typing as t

import pytest

from flask_mail import Attachment
from flask_mail import DeliveryError
from flask_mail import Message
from flask_mail.submission import Content
from flask_mail.submission import Envelope
from flask_mail.submission import Submission

from ..servers import PASSWORD
from ..servers.debian import DebianServer
from ..servers.debian import MANNERS
from ..servers.debian import SIZE
from .conftest import MakeMail
from .conftest import SENDER

MANY = 200
DOTS = b".\r\n..\r\n.a\r\n\r\n. \r\nb.\r\n.\r\n"
HEADER = b"From: a@example.com\r\nMessage-ID: <1@example.com>\r\nDate: Sat, 21 Nov 2026 00:00:00 +0000\r\n\r\n"
MIXTURES = [["reader"], ["gone"], ["gone", "reader"], ["later"], ["reader", "later", "other"], ["gone", "later"]]

in_each_manner = pytest.mark.parametrize("manner", MANNERS)


def message(**fields: t.Any) -> Message:
    return Message(**{"subject": "Your order", "recipients": ["reader@example.com"], "body": "It is here.", **fields})


MESSAGES = {
    "text": {},
    "text and HTML": {"html": "<p>It is here.</p>"},
    "dots": {"body": ".\n..\n.hidden\n\n.\nend."},
    "Chinese": {"subject": "您的订单", "body": "已经发货。\n" * 40, "sender": ("邮局", SENDER)},
    "attachments": {
        "attachments": [
            Attachment("发货单.pdf", "application/pdf", bytes(range(256)) * 1200),
            Attachment("é.txt", "text/plain", "Zeile\n.\n" * 9),
        ]
    },
}


def by_id(server: DebianServer, count: int) -> dict[str, list[bytes]]:
    """The contents in the mailbox, once it has *count* of them, by Message-ID."""
    found: dict[str, list[bytes]] = collections.defaultdict(list)
    for filed in server.wait(count):
        found[identifier(filed.content)].append(filed.content)
    return found


def octets(sent: Message) -> bytes:
    """What was composed, its last line ended, as content has to be (RFC 5321 §2.3.7)."""
    composed = sent.as_bytes()
    return composed if composed.endswith(b"\r\n") else composed + b"\r\n"


def identifier(content: bytes) -> str:
    return content.partition(b"Message-ID: ")[2].partition(b"\r\n")[0].decode()


class Contract:
    """The tests for one server, which the fixture ``server`` of the test's file starts."""

    @in_each_manner
    @pytest.mark.parametrize("fields", MESSAGES.values(), ids=MESSAGES)
    def test_a_message_arrives_as_it_was_composed(
        self, server: DebianServer, make_mail: MakeMail, manner: str, fields: dict[str, t.Any]
    ) -> None:
        mail = make_mail(manner)
        sent = message(**fields)
        receipt = mail.send(sent)
        (filed,) = server.wait(1)
        assert filed.content == octets(sent)
        assert (filed.sender, filed.recipient) == (SENDER, "reader@example.com")
        assert receipt.accepted == ("reader@example.com",)
        assert receipt.message_id == identifier(filed.content)

    @in_each_manner
    @pytest.mark.parametrize("size", [1, 2, 3, 5, 1000])
    def test_dots_arrive_however_the_content_is_cut(
        self, server: DebianServer, make_mail: MakeMail, manner: str, size: int
    ) -> None:
        dots = HEADER + DOTS
        content = Content([dots[start : start + size] for start in range(0, len(dots), size)])
        session = make_mail(manner).get_transport().open()
        session.send(Submission(Envelope("a@example.com", ("b@example.com",)), content, "<1@example.com>"))
        session.close()
        assert [filed.content for filed in server.wait(1)] == [dots]

    @in_each_manner
    def test_fifty_recipients(self, server: DebianServer, make_mail: MakeMail, manner: str) -> None:
        everybody = tuple(f"reader{number}@example.com" for number in range(50))
        sent = message(recipients=everybody[:20], cc=everybody[20:40], bcc=everybody[40:])
        mail = make_mail(manner)
        assert mail.send(sent).accepted == everybody
        filed = server.wait(50)
        assert sorted(each.recipient for each in filed) == sorted(everybody)
        assert {each.content for each in filed} == {octets(sent)}

    def test_an_address_beyond_ascii(self, server: DebianServer, make_mail: MakeMail) -> None:
        sent = message(recipients=["用户@example.com"], sender=("邮局", "邮局@example.com"))
        make_mail().send(sent)
        (filed,) = server.wait(1)
        assert (filed.sender, filed.recipient) == ("邮局@example.com", "用户@example.com")
        assert filed.content == octets(sent)
        assert "To: 用户@example.com".encode() in filed.content

    def test_what_is_too_large_is_not_offered(self, server: DebianServer, make_mail: MakeMail) -> None:
        with make_mail().connect() as connection:
            with pytest.raises(smtplib.SMTPSenderRefused) as caught:
                connection.send(message(attachments=[Attachment("large", "application/octet-stream", bytes(SIZE))]))
            assert caught.value.smtp_code == 552
            connection.send(message())
        server.wait(1)

    @in_each_manner
    def test_refused_recipients_do_not_stop_the_others(
        self, server: DebianServer, make_mail: MakeMail, manner: str
    ) -> None:
        mail = make_mail(manner)
        readers = ["gone@example.com", "reader@example.com", "later@example.com"]
        receipt = mail.send(message(recipients=readers))
        assert receipt.accepted == ("reader@example.com",)
        assert {who: reply.code for who, reply in receipt.refused.items()} == {readers[0]: 550, readers[2]: 450}
        assert [reply.enhanced for reply in receipt.refused.values()] == ["5.1.1", "4.2.1"]
        assert [filed.recipient for filed in server.wait(1)] == ["reader@example.com"]

    @in_each_manner
    def test_a_refused_message_does_not_stop_the_next(
        self, server: DebianServer, make_mail: MakeMail, manner: str
    ) -> None:
        sent = message(envelope_from="second@example.com")
        with make_mail(manner).connect() as connection:
            host = connection.host
            with pytest.raises(smtplib.SMTPRecipientsRefused):
                connection.send(message(recipients=["gone@example.com"], envelope_from="first@example.com"))
            connection.send(sent)
            assert connection.host is host
        assert [(filed.sender, filed.content) for filed in server.wait(1)] == [("second@example.com", octets(sent))]

    @pytest.mark.parametrize(("manner", "connections"), [("chunking", 1), ("chunking", 4), ("pipelining", 2)])
    def test_many_arrive_once_each(
        self, server: DebianServer, make_mail: MakeMail, manner: str, connections: int
    ) -> None:
        mail = make_mail(manner)
        sent = [message(body=f"Order {number}\n.\n", html=f"<p>{number}</p>") for number in range(MANY)]
        results = list(mail.send_many(sent, connections=connections, window=16))
        assert all(result.ok for result in results)
        assert sorted(result.index for result in results) == list(range(MANY))
        found = by_id(server, MANY)
        assert found == {each.msgId: [octets(each)] for each in sent}

    def test_large_ones_between_small_ones(self, server: DebianServer, make_mail: MakeMail) -> None:
        mail = make_mail()
        file = Attachment("data.bin", "application/octet-stream", bytes(range(256)) * 2000)
        sent = [message(attachments=[file] if number % 5 == 2 else []) for number in range(20)]
        assert all(result.ok for result in mail.send_many(sent, connections=2))
        assert by_id(server, 20) == {each.msgId: [octets(each)] for each in sent}

    @in_each_manner
    def test_refusals_inside_a_window_cost_nobody_else(
        self, server: DebianServer, make_mail: MakeMail, manner: str
    ) -> None:
        """Each has a reverse-path of its own: a recipient taken under another one's would show."""
        mail = make_mail(manner)
        sent = [
            message(
                recipients=[f"{who}@example.com" for who in MIXTURES[number % 6]],
                envelope_from=f"bounce{number}@example.com",
            )
            for number in range(36)
        ]
        results = list(mail.send_many(sent, connections=1, window=16, ordered=True))
        for number, result in enumerate(results):
            taken = tuple(f"{who}@example.com" for who in MIXTURES[number % 6] if who in ("reader", "other"))
            assert (result.receipt.accepted if result.receipt else ()) == taken
            assert isinstance(result.error, smtplib.SMTPRecipientsRefused) is not bool(taken)
        filed = server.wait(6 * 4)
        assert sorted((each.sender, each.recipient) for each in filed) == sorted(
            (str(each.message.envelope_from), who) for each in results if each.receipt for who in each.receipt.accepted
        )
        contents = {each.msgId: octets(each) for each in sent}
        assert all(each.content == contents[identifier(each.content)] for each in filed)

    def test_a_kept_connection_outlives_a_restart_of_the_server(
        self, server: DebianServer, make_mail: MakeMail
    ) -> None:
        mail = make_mail()
        sent = [message() for _ in range(3)]
        mail.send(sent[0])
        server.wait(1)
        server.stop()
        server.start()
        mail.send(sent[1])
        mail.send(sent[2])
        assert by_id(server, 3) == {each.msgId: [octets(each)] for each in sent}

    def test_a_restart_amid_many_costs_only_what_was_in_doubt(self, server: DebianServer, make_mail: MakeMail) -> None:
        mail = make_mail()
        sent = [message() for _ in range(60)]
        results = []
        for result in mail.send_many(sent, connections=1, window=4):
            results.append(result)
            if len(results) == 20:
                server.stop()
                server.start()
        assert len(results) == 60
        doubtful = {result.message.msgId for result in results if not result.ok}
        assert all(isinstance(r.error, DeliveryError) and r.error.in_doubt for r in results if not r.ok)
        assert len(doubtful) <= 4
        taken = {(identifier(filed.content), filed.received) for filed in server.settled()}
        found = collections.Counter(identifier for identifier, _ in taken)  # a server that is killed delivers again
        assert set(found.values()) == {1}
        assert {each.msgId for each in sent} - doubtful <= set(found) <= {each.msgId for each in sent}

    def test_login_over_starttls(self, server: DebianServer, make_mail: MakeMail) -> None:
        sent = message()
        make_mail(auth=True).send(sent)
        (filed,) = server.wait(1)
        assert "with esmtpsa" in filed.received.lower()
        assert filed.content == octets(sent)

    def test_a_wrong_password(self, server: DebianServer, make_mail: MakeMail) -> None:
        with pytest.raises(smtplib.SMTPAuthenticationError) as caught:
            make_mail(auth=True, MAIL_PASSWORD=PASSWORD[:-1]).send(message())
        assert (caught.value.smtp_code, t.cast(DeliveryError, caught.value).stage) == (535, "auth")

    def test_a_delivery_status_notification_comes_back(self, server: DebianServer, make_mail: MakeMail) -> None:
        sent = message(
            mail_options=["RET=HDRS", "ENVID=order-12345"],
            rcpt_options=["NOTIFY=SUCCESS", "ORCPT=rfc822;reader@example.com"],
        )
        make_mail().send(sent)
        report = next(filed for filed in server.wait(2) if filed.recipient == SENDER)
        assert report.sender == ""
        lowered = report.content.lower()
        assert b"original-envelope-id: order-12345\r\n" in lowered
        assert b"original-recipient: rfc822;reader@example.com\r\n" in lowered
        assert b"action: delivered\r\n" in lowered
