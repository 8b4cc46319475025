"""Twilio through its own library: sends, look-ups, receipts and replies; docs/decisions/0040 says what it really does.

``TWILIO_BASE_URL`` sends the same client to a server on this machine; ``app.config`` refuses any other address.
"""

from base64 import b64encode
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.http import HttpClient
from twilio.http.response import Response
from twilio.request_validator import RequestValidator
from twilio.rest import Client

from app.sms.deadline import Lost, NeverSent, exchange
from app.sms.protocol import (
    Accepted,
    Callback,
    ChannelBroken,
    Found,
    Inbound,
    LookupFailed,
    NotSent,
    Outcome,
    Receipt,
    Refused,
    Unknown,
)
from app.sms.rules import Status, Verdict, mobile, status_of, verdict

DEADLINE_SECONDS = 20.0
LOOKUP_LIMIT = 200
RECEIPTS = "/sms/receipts/"
# What the library makes of an answer that is none.
_RUBBISH = (TwilioException, ValueError, KeyError, TypeError, AttributeError)
_CLOCKS_APART = timedelta(minutes=2)  # theirs and ours; their times have no fractions


@dataclass(frozen=True, slots=True)
class Account:
    """``sender``: a number, or a messaging service's id (MG…). ``public_url``: where the provider reaches us, or ""."""

    sid: str
    token: str
    sender: str
    public_url: str = ""
    base_url: str = ""
    region: str = ""
    edge: str = ""


class _Http(HttpClient):  # type: ignore[misc]
    """The library's transport, replaced: a total deadline, one connection a request, another host in rehearsals."""

    def __init__(self, base_url: str, seconds: float) -> None:
        super().__init__(None, False, None)
        self.base = urlsplit(base_url) if base_url else None
        self.seconds = seconds

    def request(self, method: str, url: str, params: Any = None, data: Any = None, headers: Any = None,
                auth: Any = None, timeout: Any = None, allow_redirects: bool = False) -> Response:  # fmt: skip
        where = urlsplit(url)
        query = "&".join(filter(None, (where.query, urlencode(params or {}, doseq=True))))
        if self.base:
            where = where._replace(scheme=self.base.scheme, netloc=self.base.netloc)
        sent = {str(name): str(value) for name, value in (headers or {}).items()}
        sent |= {"Authorization": _basic(*auth)} if auth else {}
        body = urlencode(data, doseq=True).encode() if data else None
        answer = exchange(method.upper(), urlunsplit(where._replace(query=query)), sent, body, self.seconds)
        return Response(answer.status, answer.body.decode("utf-8", "replace"), answer.headers)


def _basic(user: str, password: str) -> str:
    return "Basic " + b64encode(f"{user}:{password}".encode()).decode()


class Twilio:
    name = "twilio"
    can_lookup = True

    def __init__(self, account: Account, seconds: float = DEADLINE_SECONDS) -> None:
        self.account = account
        self.client = Client(
            account.sid,
            account.token,
            region=account.region or None,
            edge=account.edge or None,
            http_client=_Http(account.base_url, seconds),
        )
        self.validator = RequestValidator(account.token)

    def send(self, phone: str, text: str, token: str) -> Outcome:
        wanted = {"to": f"+86{phone}", "body": text}
        wanted["messaging_service_sid" if self.account.sender.startswith("MG") else "from_"] = (
            self.account.sender
        )
        if self.account.public_url:
            wanted["status_callback"] = f"{self.account.public_url}{RECEIPTS}{token}"
        try:
            made = self.client.messages.create(**wanted)
        except NeverSent as error:
            return NotSent(str(error))
        except Lost as error:
            return Unknown(str(error))
        except TwilioRestException as error:
            return _refusal(error)
        except _RUBBISH as error:
            return Unknown(f"{type(error).__name__}: the answer cannot be read")
        return Accepted(made.sid) if made.sid else Unknown("an answer without an id")

    def lookup(self, phone: str, text: str, since: datetime) -> list[Found]:
        try:
            listed = self.client.messages.list(to=f"+86{phone}", limit=LOOKUP_LIMIT)
            return [
                Found(one.sid, status_of(str(one.status)) or Status.ACCEPTED)
                for one in listed
                if one.body == text
                and (one.date_created is None or one.date_created >= since - _CLOCKS_APART)
            ]
        except (NeverSent, Lost, *_RUBBISH) as error:
            raise LookupFailed(f"{type(error).__name__}: {error}"[:200]) from None

    def parse_receipt(self, callback: Callback) -> Receipt | None:
        status = status_of(callback.form.get("MessageStatus", ""))
        number = callback.form.get("MessageSid", "")
        if not self._genuine(callback) or status is None or not number:
            return None
        token = callback.path.partition("?")[0].rpartition("/")[2]
        return Receipt(number, status, token, callback.form.get("ErrorCode", ""))

    def parse_inbound(self, callback: Callback) -> Inbound | None:
        phone = mobile(callback.form.get("From", ""))
        number = callback.form.get("MessageSid", "")
        if not self._genuine(callback) or phone is None or not number:
            return None
        return Inbound(number, phone, callback.form.get("Body", ""))

    def _genuine(self, callback: Callback) -> bool:
        """Signed by the account, for the address that the provider knows us by: a proxy may have changed ours."""
        if not callback.signature or not self.account.public_url:
            return False
        url = self.account.public_url + callback.path
        return bool(self.validator.validate(url, callback.form, callback.signature))


def _refusal(error: TwilioRestException) -> Outcome:
    told = f"HTTP {error.status}, code {error.code or '-'}"
    meaning = verdict(int(error.status), error.code)
    if meaning is None:
        return Unknown(told)
    if meaning is Verdict.TRANSIENT:
        return NotSent(told)
    if meaning is Verdict.CONFIGURATION:
        return ChannelBroken(told)
    return Refused(str(error.code or error.status), opt_out=meaning is Verdict.OPT_OUT)
