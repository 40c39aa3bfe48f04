"""names_fit: what is learnt from names and teachers, mixed alike; cut anywhere, it ends with the same weights."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import timm
import torch
from torch import Tensor

from model.classifier import Classifier, newest_release
from model.photo import Photo
from model.preprocess import Preprocess
from model.system.interrupts import Stop
from training.fitting.names_network import NamesNetwork
from training.fitting.names_trainer import Lessons, NamesModule, costs_of, names_fit, size_in
from training.fitting.speed import Speed
from training.fitting.teachers import ModelTeacher, Teacher, Teachers
from training.loading.dataset import PhotoDataset
from training.loading.views import build_views
from training.recipes.pretrain import MixOptions, NamesFit, RunOptions, ViewOptions

COUNT, BATCH, EPOCHS, SIZE, NAMES = 26, 8, 3, 64, 3
BATCHES = COUNT // BATCH
FIT = NamesFit(
    epochs=EPOCHS,
    learning_rate=0.001,
    head_learning_rate=0.01,
    layer_decay=0.8,
    smallest_size=0.5,
    drop_path=0.1,
    mix=MixOptions(share=0.7, mixup=0.3, cutmix=1.0),
)
PREPROCESS = Preprocess(SIZE)


class PowerCut(Exception):
    """Nothing of the program runs after it, as far as the disk can tell."""


class Watched:
    """An augmentation that cuts the power before the photo of a number, counted over the whole training."""

    def __init__(self, at: int | None) -> None:
        self._views, self._left = build_views(ViewOptions(), size=SIZE, seed=1), at

    def set_random_state(self, *generators: Any) -> None:
        self._views.set_random_state(*generators)

    def __call__(self, *, image: Any) -> Any:
        if self._left is not None:
            if self._left == 0:
                raise PowerCut
            self._left -= 1
        return self._views(image=image)


def teachers_of() -> Teachers:
    torch.manual_seed(11)
    found = Teachers([Teacher("test_vit", timm.create_model("test_vit", num_classes=0))], bfloat16=[False])
    found.fit(torch.randn(20, 128))
    return found


def train(run: Path, *, at: int | None = None, consistent: bool = False) -> dict[str, Tensor]:
    random = np.random.default_rng(5)
    pixels = random.integers(0, 255, (COUNT + 6, 82, 82, 3), dtype=np.uint8)
    targets = torch.from_numpy(random.integers(-1, NAMES, COUNT + 6))
    features = torch.from_numpy(random.normal(size=(COUNT + 6, 128)).astype(np.float32))
    lessons = Lessons(targets, NAMES, weight=2.0)
    lessons = (
        Lessons(targets, NAMES, teachers=teachers_of(), weight=2.0)
        if consistent
        else Lessons(targets, NAMES, features=features, weight=2.0)
    )
    torch.manual_seed(3)
    backbone = timm.create_model("test_efficientnet", num_classes=0, drop_path_rate=FIT.drop_path)
    network = NamesNetwork(backbone, names=NAMES, taught=128, dropout=0.3)
    augmentation: Any = Watched(at)
    with Stop() as stop:
        names_fit(
            network,
            PhotoDataset(pixels, range(COUNT), PREPROCESS, augmentation, rows=np.arange(COUNT)),
            PhotoDataset(pixels[:, 9:73, 9:73], range(COUNT, COUNT + 6), PREPROCESS, rows=np.arange(COUNT, COUNT + 6)),
            lessons,
            weights=[1.0 + place % 3 for place in range(COUNT)],
            options=FIT,
            machine=RunOptions(batch_size=BATCH, workers=0, checkpoint_minutes=0),
            speed=Speed("32-true", "channels_last"),
            preprocess=PREPROCESS,
            seed=7,
            run=run,
            stop=stop,
            tell=lambda line: None,
        )
    return {name: value.clone() for name, value in network.state_dict().items()}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Tensor]:
    """A training that nothing disturbs."""
    return train(tmp_path_factory.mktemp("whole"))


@pytest.mark.parametrize("at", [3, BATCH, BATCHES * BATCH, (2 * BATCHES + 1) * BATCH + 2])
def test_it_ends_the_same_wherever_it_was_cut(tmp_path: Path, whole: dict[str, Tensor], at: int) -> None:
    with pytest.raises(PowerCut):
        train(tmp_path, at=at)
    again = train(tmp_path)
    assert [name for name in whole if not torch.equal(whole[name], again[name])] == []


def test_a_teacher_that_sees_each_view_is_asked_and_stays_as_it_is(tmp_path: Path, whole: dict[str, Tensor]) -> None:
    seen = train(tmp_path, consistent=True)
    assert any(not torch.equal(whole[name], seen[name]) for name in whole)
    assert not any("patch_embed" in name for name in seen), "its weights are no part of what is kept"


def module_of(lessons: Lessons, options: NamesFit = FIT) -> NamesModule:
    torch.manual_seed(3)
    taught = 0 if lessons.features is None else lessons.features.shape[1]
    network = NamesNetwork(timm.create_model("test_efficientnet", num_classes=0), names=NAMES, taught=taught)
    return NamesModule(
        network, lessons, options, PREPROCESS, epochs=3, batches=4, layout=torch.contiguous_format, seed=1
    )


def loss_of(module: NamesModule, rows: list[int]) -> Tensor:
    module.log = lambda *values, **more: None  # type: ignore[method-assign]
    module.eval()
    torch.manual_seed(1)
    generator = torch.Generator().manual_seed(2)
    return module.training_step((torch.rand(len(rows), 3, SIZE, SIZE, generator=generator), torch.tensor(rows)))


PLAIN = FIT.model_copy(update={"mix": MixOptions(share=0), "smallest_size": 1.0})


def test_photos_of_rare_names_learn_from_the_teachers_alone() -> None:
    features = torch.randn(4, 5, generator=torch.Generator().manual_seed(1))
    lessons = Lessons(torch.tensor([-1, -1, -1, -1]), NAMES, features=features, weight=2.0)
    module = module_of(lessons, PLAIN)
    loss_of(module, [0, 1, 2, 3]).backward()
    assert module.network.names.weight.grad is None or not module.network.names.weight.grad.any()
    assert module.network.projection is not None and module.network.projection.weight.grad.any()  # type: ignore[union-attr]


def test_a_rare_name_in_the_batch_does_not_thin_the_loss_of_the_others() -> None:
    one = loss_of(module_of(Lessons(torch.tensor([1, 1]), NAMES), PLAIN), [0])
    thin = Lessons(torch.tensor([1, -1]), NAMES)
    module = module_of(thin, PLAIN)
    generator = torch.Generator().manual_seed(2)
    photo = torch.rand(1, 3, SIZE, SIZE, generator=generator)
    module.log = lambda *values, **more: None  # type: ignore[method-assign]
    module.eval()
    two = module.training_step((photo.repeat(2, 1, 1, 1), torch.tensor([0, 1])))
    torch.testing.assert_close(one, two)


def test_names_and_features_are_mixed_as_the_photos_are() -> None:
    module = module_of(Lessons(torch.tensor([0, 1]), NAMES, features=torch.tensor([[0.0], [1.0]])))
    photos = torch.stack([torch.zeros(3, SIZE, SIZE), torch.ones(3, SIZE, SIZE)])
    mixes: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]] | None = module._mixes
    assert mixes is not None
    for seed in range(8):
        torch.manual_seed(seed)
        mixed, truth = mixes(photos, module._truth(torch.tensor([0, 1])))
        share = mixed.mean(dim=(1, 2, 3))
        torch.testing.assert_close(truth[:, 1], share, atol=1e-5, rtol=0)
        torch.testing.assert_close(truth[:, NAMES], share, atol=1e-5, rtol=0)
        torch.testing.assert_close(truth[:, :NAMES].sum(dim=1), torch.ones(2))


def test_layers_near_the_photo_learn_slower_and_heads_at_their_own_rate() -> None:
    optimizer: Any = module_of(Lessons(torch.tensor([0]), NAMES)).configure_optimizers()
    groups = optimizer["optimizer"].param_groups
    rates = [group["initial_lr"] for group in groups[:-1]]
    assert min(rates) < 0.5 * max(rates) and max(rates) == pytest.approx(FIT.learning_rate)
    assert groups[-1]["initial_lr"] == FIT.head_learning_rate
    trained = sum(len(group["params"]) for group in groups)
    assert trained == len(list(module_of(Lessons(torch.tensor([0]), NAMES)).network.parameters()))


def test_photos_grow_to_the_whole_and_cost_accordingly() -> None:
    sizes = [size_in(epoch, 30, whole=224, smallest=0.6) for epoch in range(30)]
    assert sizes == sorted(sizes) and sizes[0] == 128 and sizes[20:] == [224] * 10
    assert all(size % 32 == 0 for size in sizes)
    assert {size_in(epoch, 30, whole=224, smallest=1.0) for epoch in range(30)} == {224}
    costs = costs_of(FIT.model_copy(update={"epochs": 30}), whole=224)
    halved, shipped = (
        sum(costs_of(FIT.model_copy(update={"epochs": 30, "smallest_size": part}), whole=224)) / 30
        for part in (0.5, 0.6)
    )
    assert (halved, shipped) == (pytest.approx(0.71, abs=0.01), pytest.approx(0.76, abs=0.01)), "as the recipe says"
    assert costs[-1] == 1 and costs[0] == pytest.approx((128 / 224) ** 2, abs=0.1)


def test_a_copy_of_a_training_has_the_same_teachers() -> None:
    teachers = teachers_of()
    assert copy.deepcopy(teachers) is teachers


def test_features_of_teachers_are_standardised_over_the_photos_that_train() -> None:
    teachers = Teachers([Teacher("test_vit", timm.create_model("test_vit", num_classes=0))], bfloat16=[False])
    photos = torch.rand(9, 3, 40, 40, generator=torch.Generator().manual_seed(1))
    features = teachers.raw(photos)
    assert features.shape == (9, 128), "class token and mean of the patches"
    teachers.fit(features)
    found = teachers.standardised(features)
    torch.testing.assert_close(found.mean(dim=0), torch.zeros(128), atol=1e-4, rtol=0)
    torch.testing.assert_close(found.std(dim=0, correction=0), torch.ones(128), atol=1e-3, rtol=0)
    # As it sees a photo that was normalised for another network.
    preprocess = Preprocess(64, (0.4, 0.5, 0.6), (0.2, 0.3, 0.4))
    shifted = (photos - torch.tensor(preprocess.mean).view(3, 1, 1)) / torch.tensor(preprocess.std).view(3, 1, 1)
    torch.testing.assert_close(teachers.see(shifted, preprocess), found, atol=1e-3, rtol=1e-3)


@pytest.mark.parametrize(("name", "width"), [("test_vit", 128), ("test_efficientnet", 256), ("test_convnext", 64)])
def test_any_kind_of_network_can_teach(name: str, width: int) -> None:
    teacher = Teacher(name, timm.create_model(name, num_classes=0))
    assert teacher.forward(torch.rand(2, 3, 50, 60)).shape == (2, width)


def test_a_model_teaches_its_logits_and_counts_as_much_as_a_teacher_of_many_features() -> None:
    classifier = Classifier.load(newest_release())
    model = ModelTeacher("release", newest_release())
    drawn = np.random.default_rng(1).integers(0, 256, (6, model.size, model.size, 3), dtype=np.uint8)
    prepared = [classifier.prepare(Photo(pixels, (model.size, model.size), (), "")) for pixels in drawn]
    photos = torch.from_numpy(np.stack([one.pixels for one in prepared])) / 2 + 0.5
    torch.testing.assert_close(
        model.forward(photos), torch.from_numpy(classifier.logits(prepared)), atol=1e-3, rtol=1e-3
    )
    teachers = Teachers(
        [Teacher("test_vit", timm.create_model("test_vit", num_classes=0)), model], bfloat16=[False, False]
    )
    features = teachers.raw(photos)
    teachers.fit(features)
    squares = teachers.standardised(features).square()
    many, few = squares[:, : -model.width()], squares[:, -model.width() :]
    assert squares.mean().item() == pytest.approx(1, rel=1e-3)
    assert many.sum().item() == pytest.approx(few.sum().item(), rel=1e-3)
