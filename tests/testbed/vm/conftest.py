"""One emulated machine for the whole suite; run.sh builds it and says where it is."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from tests.testbed.vm.appliance import Appliance
from tests.testbed.vm.machine import Image, Machine

# Outside run.sh there is no machine: these are not among the tests of an ordinary run.
collect_ignore_glob = [] if "LEERBLIK_VM" in os.environ else ["test_*.py"]


@pytest.fixture(scope="session")
def _appliance() -> Iterator[Appliance]:
    folder = Path(os.environ["LEERBLIK_VM"])
    kernel = Path(os.environ["LEERBLIK_VM_KERNEL"])
    image = Image(kernel / "vmlinuz", kernel / "initrd", Path(os.environ["LEERBLIK_VM_DISK"]))
    appliance = Appliance(Machine(image, folder), folder)
    try:
        yield appliance
    finally:
        appliance.machine.stop()


@pytest.fixture
def appliance(_appliance: Appliance) -> Appliance:
    """The device, switched on and idle."""
    _appliance.be_ready()
    return _appliance


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show what the machine wrote beside what went wrong."""
    report = yield
    appliance = getattr(item, "funcargs", {}).get("appliance")
    if report.failed and appliance is not None:
        report.sections.append(("journal of the machine", appliance.journal()))
    return report
