"""What the demonstration county is held against: averages, ranks and cards, all of them invented."""

from datetime import date

SOURCE = "虚构数据，仅供演示"
# Month, provincial average, prefectural average (percent), rank in the prefecture, date of the source.
MONTHS = (
    (date(2023, 9, 30), "2.31", "2.95", "7/9", date(2023, 10, 9)),
    (date(2023, 10, 31), "2.18", "2.87", "8/9", date(2023, 11, 7)),
    (date(2023, 11, 30), "2.09", "2.70", "8/9", date(2023, 12, 4)),
)
CARDS = (date(2023, 1, 31), "5.00", "10.00", date(2023, 1, 5))  # yellow and red, from that month on
