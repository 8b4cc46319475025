"""Measurements of the program against bare floors: the least that any program doing the same work must do.

``python -m benchmarks --help`` says what can be measured. Both sides of every ratio are run in turn within one
run, their answers are compared, and medians are kept in ``results/``.
"""
