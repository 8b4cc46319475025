"""What the numbers of a dashboard mean, as people read it. Pure."""

from app.labels import T, Text

DEFINITIONS: tuple[tuple[Text, Text], ...] = (
    (
        T("Stock"),
        T("Balance outstanding at the month's end, and the households that owe it. As the bulletin."),
    ),
    (
        T("New this year"),
        T("Lent since 1 January, repaid or not; completion is of the annual target. As the bulletin."),
    ),
    (T("Overdue rate"), T("Overdue amount by stock, two decimals. As the bulletin.")),
    (
        T("Mark"),
        T(
            "The printed rate against the lines that hold for the place and the month; equal to a line is not above it."
        ),
    ),
    (
        T("Days past due"),
        T("The overdue amount of the month's end by days since the due date; together the bulletin's."),
    ),
    (
        T("Dual-line coverage"),
        T("Cases that both lines have contacted in the month, of the cases open on its last day."),
    ),
    (
        T("Promises kept"),
        T("Promises judged as kept in the month, of all judged in it. Kept in part is not kept."),
    ),
    (T("Open cases"), T("Cases open today, by the state that each is in, and what they owe overdue today.")),
    (
        T("Not contacted for long"),
        T("Open cases that a line has not contacted for longer than the county allows today."),
    ),
    (T("Promised for today"), T("Open cases with an instalment promised for today or before.")),
    (
        T("Promise broken"),
        T("Open cases whose last promise was not kept and that nobody has contacted since."),
    ),
    (T("Falls due"), T("Balance not overdue at the newest ledger, by the month of the due date.")),
    (
        T("If nothing is paid"),
        T("The rate at the coming month's end if all that falls due stays unpaid: a ceiling."),
    ),
    (T("Messages that need a person"), T("Reminders that failed, came too late or were never confirmed.")),
)
