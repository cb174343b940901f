"""What a test inside the container gets. A new test file needs nothing but to lie here."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator

import pytest

from tests.testbed.device.appliance import Appliance, journal

# Set by the runner inside the container; anywhere else these tests would stop services and delete spools.
collect_ignore_glob = [] if "LEERBLIK_TESTBED" in os.environ else ["test_*.py"]


@pytest.fixture
def device() -> Iterator[Appliance]:
    """A device that is configured, with nothing started and nothing recorded yet."""
    appliance = Appliance()
    appliance.reset()
    appliance.configure()
    try:
        yield appliance
    finally:
        appliance.reset()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the end of the journal beside what went wrong."""
    report = yield
    if report.failed:
        report.sections.append(("journal", journal(lines=60)))
    return report
