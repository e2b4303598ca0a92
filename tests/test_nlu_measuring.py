"""The measuring of understanding is itself measured: figures that are known beforehand."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import pytest

from launch.paths import ROOT
from nlu import learning, pages, pictures
from nlu.examples import Example, table, training_examples
from nlu.folds import folds, groups
from nlu.overlap import repeated
from nlu.scoring import FALLBACK, OUT_OF_SCOPE, by_label, confusions, percentiles, score

LONG = "please close the account of my late father"


def unit(*angles: float) -> np.ndarray:
    return np.array([[np.cos(np.radians(a)), np.sin(np.radians(a))] for a in angles])


def test_all_right_is_one_and_all_wrong_is_nothing() -> None:
    meant = ["affirm"] * 10 + [OUT_OF_SCOPE] * 10
    right, wrong = score(meant, meant), score(meant, meant[::-1])
    assert set(vars(right).values()) == {1.0}
    assert set(vars(wrong).values()) == {0.0}


def test_figures_of_a_table_worked_out_by_hand() -> None:
    meant = ["affirm"] * 10 + [OUT_OF_SCOPE] * 10
    said = ["affirm"] * 8 + [OUT_OF_SCOPE] * 2 + ["affirm"] * 4 + [OUT_OF_SCOPE] * 6
    scores = score(meant, said)
    assert (scores.accuracy, scores.in_scope, scores.oos_recall) == (0.7, 0.8, 0.6)
    assert scores.oos_precision == 0.75
    assert scores.macro_f1 == pytest.approx((16 / 22 + 12 / 18) / 2)


def test_what_is_not_understood_counts_as_out_of_scope() -> None:
    assert score([OUT_OF_SCOPE], [FALLBACK]).oos_recall == 1
    assert score(["affirm"], [FALLBACK]).accuracy == 0


def test_labels_with_few_rows_do_not_count_in_macro_f1() -> None:
    meant = ["affirm"] * 10 + ["skip"] * 9
    assert score(meant, ["affirm"] * 10 + ["deny"] * 9).macro_f1 == 1
    meant.append("skip")
    assert score(meant, ["affirm"] * 10 + ["deny"] * 10).macro_f1 == 0.5


def test_outside_may_be_another_label() -> None:
    assert score(["none", "other"], ["none", "none"], outside="none").oos_recall == 1
    assert score(["none", "other"], ["other", "none"], outside="none").oos_precision == 0


def test_precision_and_recall_of_each_label() -> None:
    affirm, deny = by_label(["affirm", "affirm", "deny"], ["affirm", "deny", "deny"])
    assert (affirm.label, affirm.rows, affirm.precision, affirm.recall) == ("affirm", 2, 1.0, 0.5)
    assert (deny.label, deny.rows, deny.precision, deny.recall) == ("deny", 1, 0.5, 1.0)
    assert affirm.f1 == deny.f1 == pytest.approx(2 / 3)


def test_a_label_that_nothing_was_taken_for_has_no_precision() -> None:
    (only,) = by_label(["affirm"], ["deny"])
    assert (only.precision, only.recall, only.f1) == (0, 0, 0)


def test_confusions_come_with_the_commonest_first_and_without_the_right_ones() -> None:
    meant, said = ["a", "b", "b", "c"], ["b", "c", "c", "c"]
    assert confusions(meant, said) == [("b", "c", 2), ("a", "b", 1)]


def test_tables_of_unlike_length_are_refused() -> None:
    with pytest.raises(ValueError, match="shorter"):
        score(["affirm"], [])


def test_percentiles_of_a_hundred() -> None:
    assert percentiles(range(1, 101)) == pytest.approx((50.5, 95.95))


def test_near_duplicates_of_one_label_share_a_group() -> None:
    near, far = unit(0, 10), unit(0, 30)
    assert len(set(groups(near, ["a", "a"]))) == 1
    assert len(set(groups(far, ["a", "a"]))) == 2
    assert len(set(groups(near, ["a", "b"]))) == 2


def test_a_chain_of_near_duplicates_is_one_group() -> None:
    assert len(set(groups(unit(0, 15, 30), ["a"] * 3))) == 1


def test_no_group_is_torn_and_labels_are_spread_evenly() -> None:
    labels = ["a"] * 20 + ["b"] * 10
    group = [i // 2 for i in range(30)]
    parts = folds(group, labels, 5)
    where = defaultdict(set)
    for one, part in zip(group, parts, strict=True):
        where[one].add(part)
    assert all(len(own) == 1 for own in where.values())
    spread = Counter(zip(labels, parts, strict=True))
    assert {spread["a", part] for part in range(5)} == {4}
    assert {spread["b", part] for part in range(5)} == {2}


def test_parts_are_the_same_each_time_and_others_with_another_seed() -> None:
    group, labels = list(range(40)), ["a"] * 40
    assert folds(group, labels, 5) == folds(group, labels, 5)
    assert folds(group, labels, 5) != folds(group, labels, 5, seed=1)


@pytest.mark.parametrize(
    ("example", "again"),
    [
        (LONG, True),
        ("Please close the account of my late FATHER!", True),
        ("please close the account of my late uncle", True),
        ("please close the account of uncle Jim today", False),
        ("my late father", False),
    ],
)
def test_an_example_repeats_a_sentence_by_four_fifths_of_its_words(
    example: str, again: bool
) -> None:
    found = repeated([Example(example, "a")], [Example(LONG, "b")])
    assert found == ([(example, LONG)] if again else [])


def test_the_first_repeated_sentence_is_named_or_every_one() -> None:
    example = Example(LONG, "a")
    sentences = [Example(LONG, "b"), Example(f"{LONG}, please", "b")]
    assert len(repeated([example], sentences)) == 1
    assert len(repeated([example], sentences, every=True)) == 2


def test_the_assistants_own_rule_for_what_is_not_sure() -> None:
    decide = learning.intents().decide
    own = learning.settings("FallbackClassifier")
    least, apart = own["threshold"], own["ambiguity_threshold"]
    assert decide([("a", least + 0.01), ("b", 0.0)]) == "a"
    assert decide([("a", least - 0.01), ("b", 0.0)]) == FALLBACK
    assert decide([("a", 0.45), ("b", 0.45 - apart / 2)]) == FALLBACK


def test_a_reason_that_is_not_sure_is_none() -> None:
    sure = learning.settings("ExitReasonClassifier")["sure"]
    assert learning.reasons().decide([("support", sure)]) == "support"
    assert learning.reasons().decide([("support", sure - 0.01)]) == "none"


def test_reasons_are_learnt_from_marked_examples_and_from_those_that_give_none() -> None:
    examples = [
        Example("the price", "give_exit_reason", "too_expensive"),
        Example("yes", "affirm"),
        Example("hello", "greet"),
        Example("good morning", "greet"),
        Example("close it, my dog ate the phone", "cancel_account"),
    ]
    learnt = learning.with_reasons(examples)
    assert learnt == [(0, "too_expensive"), (1, "none"), (2, "none")], "one greeting of eight"


def test_cross_validation_tells_apart_what_can_be_told_and_not_what_cannot() -> None:
    rng = np.random.default_rng(0)
    labels = ["a", "b"] * 30
    spread = rng.normal(size=(60, 8))
    apart = spread + np.outer(np.where(np.array(labels) == "a", 6, -6), np.eye(8)[0])
    task = learning.Task(0.0, lambda ranked: ranked[0][0])
    assert score(labels, learning.cross_validated(task, apart, labels)).accuracy == 1
    assert score(labels, learning.cross_validated(task, spread, labels)).accuracy < 0.8


def test_a_share_of_the_examples_is_one_of_each_label() -> None:
    labels = ["a"] * 50 + ["b"] * 10
    vectors = np.random.default_rng(0).normal(size=(60, 8))
    task = learning.Task(0.0, lambda ranked: ranked[0][0])
    points = list(learning.models_by_share(task, vectors, labels))
    assert [(share, count) for share, count, _ in points][:2] == [(0.1, 6), (0.2, 12)]
    assert points[-1][1] == 60
    assert all(model.labels == ["a", "b"] for _, _, model in points)


def test_every_training_example_has_text_and_intent() -> None:
    examples = training_examples()
    assert all(one.text.strip() and one.intent for one in examples)
    assert {one.reason for one in examples} > {None, "too_expensive"}


def test_a_table_with_other_columns_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "table.csv"
    file.write_text("text,intent\nhello,greet\n")
    assert table(file) == [Example("hello", "greet")]
    with pytest.raises(ValueError, match=r"table\.csv needs the columns text and exit_reason"):
        table(file, "exit_reason")


def test_a_picture_has_the_same_bytes_for_the_same_figures(tmp_path: Path) -> None:
    for name, said in (("one", "ab"), ("two", "ab"), ("other", "aa")):
        pictures.confusion_picture(tmp_path / f"{name}.svg", list("ab"), list(said))
    one, two, other = ((tmp_path / f"{name}.svg").read_bytes() for name in ("one", "two", "other"))
    assert one == two
    assert one != other


def test_shares_of_confusion_are_of_what_was_meant() -> None:
    labels, shares = pictures.confusion_shares(["a", "a", "b"], ["a", FALLBACK, "b"])
    assert labels == ["a", "b", OUT_OF_SCOPE]
    assert shares.tolist() == [[0.5, 0, 0.5], [0, 1, 0], [0, 0, 0]]


def test_a_grid_is_markdown() -> None:
    assert pages.grid(["", "share"], [["x", 0.5]]) == "|  | share |\n|---|---|\n| x | 0.500 |"


def test_rasa_is_silent_after_quiet_and_talks_without() -> None:
    talk = "import structlog; structlog.get_logger().debug('processor.message.parse')"
    said = [
        subprocess.run(
            [sys.executable, "-c", before + talk],
            cwd=ROOT, capture_output=True, text=True, check=True,
        ).stdout
        for before in ("", "import nlu.quiet; ")
    ]  # fmt: skip
    assert "processor.message.parse" in said[0]
    assert said[1] == ""
