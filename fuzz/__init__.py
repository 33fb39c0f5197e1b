"""Coverage-guided fuzzing with atheris; `python -m fuzz --help` says how."""
