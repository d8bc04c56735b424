"""Labels of classes that the reference does not hold are counted of labels alone, and tested as new categories are."""

from dataclasses import replace

import numpy as np
import pyarrow as pa

from monitor.detectors.quality import unknown_label_share, unseen_share
from monitor.profiles.arrow import layout_of, profile_table
from monitor.types import Roles

LABEL = Roles(timestamp="at", prediction="said", label="y")
FEATURE = replace(LABEL, label=None)


def rows(n: int, new: int, seed: int) -> pa.Table:
    rng = np.random.default_rng(seed)
    y = rng.choice(["a", "b", "c"], n).astype(object)
    y[:new] = "d"
    return pa.table({"at": np.arange(n), "x": rng.normal(0, 1, n), "said": rng.choice(["a", "b", "c"], n), "y": y})


def test_labels_are_measured_as_a_feature_of_the_same_values_is() -> None:
    reference, current = rows(2000, 0, 1), rows(400, 24, 2)
    of_label, of_feature = (layout_of(reference, roles) for roles in (LABEL, FEATURE))
    labels, features = (
        {one.column: one for one in compare(profile_table(reference, layout), profile_table(current, layout))}
        for compare, layout in ((unknown_label_share.compare, of_label), (unseen_share.compare, of_feature))
    )
    assert labels.keys() == {"y"}
    assert labels["y"].value == 24 / 400
    assert labels["y"].evidence == {"new_values": [{"value": "d", "rows": 24}]}
    assert replace(labels["y"], detector="") == replace(features["y"], detector="")
    assert not list(unknown_label_share.compare(*[profile_table(one, of_feature) for one in (reference, current)]))
    # a label is no feature, of which new values are told at once
    seen = unseen_share.compare(*[profile_table(one, of_label) for one in (reference, current)])
    assert "y" not in {one.column for one in seen}
