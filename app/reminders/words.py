"""Reasons as they are kept with a message, for pages to say in the reader's language. Pure."""

from app.labels import T

WHYS = (
    T("no mobile number"),
    T("opted out, or in hardship"),
    T("opted out by reply"),
    T("asked by reply"),
    T("wrong number, said a reply"),
    T("the carrier's own opt-out"),
    T("the campaign was stopped"),
    T("repaid, or the due date changed"),
    T("the policy has changed"),
    T("the worker fell silent"),
    T("empty: name"),
    T("empty: phone"),
    T("played: connection refused"),
    T("played: no answer"),
)
