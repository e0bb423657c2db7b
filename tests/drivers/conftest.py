"""The small controllers as fixtures."""

import driver_controllers as small
import pytest

from robots.controllers.contract import Controller


@pytest.fixture(scope="session", params=[True, False], ids=["aligned", "packed"])
def pd(request):
    return Controller(name="pd", step=small._pd, **small._pd_dtypes(request.param))


@pytest.fixture(scope="session")
def pd_aligned():
    return Controller(name="pd", step=small._pd, **small._pd_dtypes(True))


@pytest.fixture(scope="session")
def scale():
    return small.one("scale", small._scale)


@pytest.fixture(scope="session")
def sine():
    return small.one("sine", small._sine)


@pytest.fixture(scope="session")
def allocating():
    return small.one("allocating", small._allocating)


@pytest.fixture(scope="session")
def raising():
    return small.one("raising", small._raising)
