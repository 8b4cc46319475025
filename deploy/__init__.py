"""From a clone to a running program: set-up, launch, checks. Standard library only, until .venv exists."""
