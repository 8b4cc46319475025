"""The ledger in: a file as the banks send it becomes typed rows, or sentences about what is wrong with it."""
