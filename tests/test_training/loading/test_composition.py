"""Folds: no network is measured on a group, or on anything made from a group, that it was trained on."""

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from training.data.manifest import Example
from training.loading.cache import DrawnExample
from training.loading.composition import plan_all, split_folds
from training.recipes import DataOptions, DrawnOptions, FitOptions, NetworkOptions, Recipe

OUTPUTS = ("petechiae", "purpura", "other")


def recipe(seed: int, folds: int) -> Recipe:
    return Recipe(
        version="1",
        seed=seed,
        categories=OUTPUTS[:-1],
        data=DataOptions(folds=folds),
        drawn=DrawnOptions(per_category=12, transplanted_per_category=6, on_photos=0.5),
        network=NetworkOptions(backbone="any"),
        fit=FitOptions(epochs=1, learning_rate=1, backbone_learning_rate=1),
    )


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 99), st.integers(2, 4), st.lists(st.integers(0, 8), min_size=12, max_size=30))
def test_nothing_of_a_held_back_group_trains(seed: int, folds: int, groups: list[int]) -> None:
    examples = [Example(Path(str(n)), OUTPUTS[n % 3], str(group)) for n, group in enumerate(groups)]
    if len(set(groups)) < folds:
        return
    items = plan_all(examples, recipe(seed, folds), OUTPUTS)
    group_of = {example.path: example.group for example in examples}

    def groups_of(rows: list[int]) -> set[str]:
        found = set()
        for row in rows:
            item = items[row]
            paths = (item.canvas, item.donor) if isinstance(item, DrawnExample) else (item.path,)
            found |= {group_of[path] for path in paths if path}
        return found

    counts = [0] * len(items)
    for training, held_back in split_folds(items, recipe(seed, folds)):
        assert not groups_of(training.tolist()) & groups_of(held_back.tolist())
        assert not set(training) & set(held_back)
        for row in held_back:
            counts[row] += 1
    assert all(count == 1 for count, item in zip(counts, items, strict=True) if isinstance(item, Example))
    assert max(counts) == 1


def test_what_is_to_test_and_what_is_mixed_in_is_never_held_back_and_no_category_of_ones_own_is_drawn() -> None:
    outputs = ("petechiae", "bites", "other")
    own = [Example(Path(f"{n}"), outputs[n % 3], f"{n}") for n in range(12)]
    own += [Example(Path("t"), "other", "t", "test")]
    own += [Example(Path(f"m{n}"), outputs[n % 3], f"m{n}", "train", mixed=True) for n in range(6)]
    plan = recipe(1, 3)
    items = plan_all(own, plan, outputs)
    assert Path("t") not in {item.path for item in items if isinstance(item, Example)}
    drawn = [item for item in items if isinstance(item, DrawnExample)]
    assert {item.category for item in drawn} == {"petechiae", "other"}
    for training, held_back in split_folds(items, plan):
        trained = {items[row].path for row in training if isinstance(items[row], Example)}
        assert {Path(f"m{n}") for n in range(6)} <= trained
        for row in held_back:
            item = items[row]
            paths = (item.canvas, item.donor) if isinstance(item, DrawnExample) else (item.path,)
            assert not any(str(path).startswith("m") for path in paths if path)
