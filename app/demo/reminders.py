"""What the demonstration county says to its borrowers before their loans fall due, and what came of it."""

SIGNATURE = "【罗平农商行】"
PHONE = "0874-8220001"
AT = 9 * 60 + 30  # minutes since midnight of the business date: when the first messages went
SENT = 12  # messages; the others of that day still wait
DELIVERED, UNDELIVERED = 9, 1  # of them, in the order in which they went
# Replies of the first to whom one was delivered.
REPLIES = ("收到，卖了烤烟就还。", "退订")
