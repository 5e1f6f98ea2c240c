"""Scenario files: tests/README.md describes the format, tests/run_cases.py runs them."""
