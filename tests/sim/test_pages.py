"""The tasks' pages come from docstrings and the experts' record."""

import json

import pytest

from sim import pages, tasks
from sim.errors import SimError


def row(**changes):
    found = {"task": "KitTray", "robot": "panda", "policy": "expert", "episodes": 200}
    return {**found, "successes": 190, "wilson95": [0.91, 0.97], **changes}


def test_page_renews_what_is_between_its_marks_and_keeps_the_rest(tmp_path):
    page, record = tmp_path / "tasks.md", tmp_path / "record.jsonl"
    page.write_text(f"before\n{pages.BEGIN}\nyesterday\n{pages.END}\nafter\n")
    rows = [row(successes=1), row(), row(policy="nano", successes=3)]
    record.write_text("".join(json.dumps(r) + "\n" for r in rows))
    told = []
    pages.write(page, record, pictures=False, tell=told.append)
    text = page.read_text()
    assert text.startswith("before\n") and text.endswith("\nafter\n") and "yesterday" not in text
    assert told == tasks.names()
    assert "panda 190/200 (91 to 97%)" in text
    for name in tasks.names():
        assert f"## {name}\n" in text


@pytest.mark.parametrize("name", tasks.names())
def test_docstring_of_a_task_is_its_specification(name):
    lines = pages.specification(tasks.make(name, {}))
    sections = (
        "Start",
        "Action",
        "Observation",
        "Success",
        "Reward, dense",
        "Reward, sparse",
        "End",
    )
    for section in sections:
        assert any(line.startswith(f"- **{section}**") for line in lines), section


def test_page_without_marks_is_refused(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("nothing here")
    with pytest.raises(SimError, match="tasks: begin"):
        pages.write(page, tmp_path / "none", pictures=False, tell=print)
    assert page.read_text() == "nothing here"
