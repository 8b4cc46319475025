"""The part that opens a stranger's file: its own process, with a limit on memory and time.

It imports nothing of the application, so that it starts in hundredths of a second, and answers in frames of
JSON, so that nothing it says can run as code. ``app.ledger.sheets`` starts it and reads the frames.
"""
