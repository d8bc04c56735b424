"""A driver that is not installed is told with what installs it."""

import pytest
from sqlalchemy.engine import make_url

from monitor.sources.sqltable import problem_of


@pytest.mark.parametrize(
    ("url", "module", "package"),
    [
        ("postgresql+psycopg://reader:secret@db/app", "psycopg", "ml-monitor[postgres]"),
        ("mysql+pymysql://reader:secret@db/app", "pymysql", "pymysql"),
    ],
)
def test_the_message_says_what_to_install(url: str, module: str, package: str) -> None:
    error = ModuleNotFoundError(f"No module named '{module}'", name=module)
    told = problem_of(error, make_url(url))
    assert told.startswith(f"No module named '{module}'; install the driver of ")
    assert told.endswith(f'pip install "{package}"')
    assert "secret" not in told
