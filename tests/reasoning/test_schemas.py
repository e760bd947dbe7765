"""What is saved in version 1 stays readable: a schema does not change without its version."""

import hashlib
import json

import pytest

from vireo.reasoning.plan import Plan
from vireo.reasoning.twin import DigitalTwin

DIGESTS = {DigitalTwin: "7c2eec6cd482f590", Plan: "83071f6d3305a3e1"}
"""Of the JSON schema without its titles and descriptions. Where one changes, a saved file may no longer be read: raise
VERSION, or show that all files of the old version still are, as with a new field that has a default."""


def bare(node):
    if isinstance(node, dict):
        return {key: bare(value) for key, value in node.items() if key not in ("title", "description")}
    return [bare(entry) for entry in node] if isinstance(node, list) else node


@pytest.mark.parametrize("model", DIGESTS)
def test_the_schema_of_version_1_has_not_changed(model):
    schema = model.model_json_schema()
    assert schema["properties"]["version"]["const"] == 1
    text = json.dumps(bare(schema), sort_keys=True)
    assert hashlib.sha256(text.encode()).hexdigest()[:16] == DIGESTS[model]
