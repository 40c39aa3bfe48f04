"""What people would use instead, each as its documentation shows it, with the weights that redspots ships."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from safetensors.torch import load_file
from torch import Tensor, nn
from torchvision import datasets, transforms
from torchvision.transforms import InterpolationMode

sys.path.insert(0, str(Path(__file__).parents[1]))

from measuring import Score, measure

from training.fitting.network import build_network

RELEASES = Path(__file__).parents[1] / "model" / "released"
FOLDER = max(RELEASES.iterdir(), key=lambda folder: [int(part) for part in folder.name.split(".")])
BATCH = 16


class Calibrated(nn.Module):
    """The released network with its temperature: logits whose softmax is what redspots says."""

    def __init__(self) -> None:
        """Read the weights of the release."""
        super().__init__()
        card = json.loads((FOLDER / "card.json").read_text(encoding="utf-8"))
        options = card["training"]["recipe"]["network"]
        self.outputs: list[str] = card["outputs"]
        self.side: int = card["preprocess"]["size"]
        self.mean, self.std = card["preprocess"]["mean"], card["preprocess"]["std"]
        self.temperature: float = card["temperature"]
        self.network = build_network(
            card["backbone"], outputs=len(self.outputs), arguments=options.get("backbone_arguments")
        )
        self.network.load_state_dict(load_file(FOLDER / "weights.safetensors"))

    def forward(self, photos: Tensor) -> Tensor:
        """Return calibrated logits."""
        logits: Tensor = self.network(photos)[0]
        return logits / self.temperature


def _network() -> Calibrated:
    torch.set_num_threads(1)
    return Calibrated().eval()


def square(photo: Image.Image) -> Image.Image:
    """Return the largest centred square."""
    left, top = (photo.width - min(photo.size)) // 2, (photo.height - min(photo.size)) // 2
    return photo.crop((left, top, left + min(photo.size), top + min(photo.size)))


def _transform(network: Calibrated) -> Any:
    return transforms.Compose(
        [
            # The other way round, as usual, rounds the crop to whole pixels, and scores move by up to 0.1.
            transforms.Lambda(square),
            transforms.Resize((network.side, network.side), interpolation=InterpolationMode.BICUBIC),
            transforms.ToTensor(),
            transforms.Normalize(network.mean, network.std),
        ]
    )


def timm_loop() -> Score:
    """Return the loop of timm's documentation: open, transform, run, softmax."""
    network = _network()
    transform = _transform(network)

    @torch.inference_mode()
    def score(photos: Sequence[Path]) -> list[list[float]]:
        found = []
        for path in photos:
            logits = network(transform(Image.open(path).convert("RGB")).unsqueeze(0))
            found.append(logits.softmax(dim=-1)[0].tolist())
        return found

    return score


def data_loader() -> Score:
    """Return ImageFolder and DataLoader of torchvision's documentation."""
    network = _network()

    @torch.inference_mode()
    def score(photos: Sequence[Path]) -> list[list[float]]:
        folder = datasets.ImageFolder(str(photos[0].parents[1]), _transform(network))
        part = torch.utils.data.Subset(folder, range(len(photos)))
        batches = torch.utils.data.DataLoader(part, batch_size=BATCH)
        return [row for photos, _ in batches for row in network(photos).softmax(dim=-1).tolist()]

    return score


def hugging_face() -> Score:
    """Return the image-classification pipeline of transformers."""
    from transformers import PretrainedConfig, PreTrainedModel, pipeline
    from transformers.modeling_outputs import ImageClassifierOutput
    from transformers.models.vit.image_processing_pil_vit import ViTImageProcessorPil

    network = _network()

    class Config(PretrainedConfig):  # type: ignore[misc]
        model_type = "redspots"

    class Model(PreTrainedModel):  # type: ignore[misc]
        config_class = Config
        main_input_name = "pixel_values"

        def __init__(self, config: Config) -> None:
            super().__init__(config)
            self.network = network
            self.post_init()

        def _init_weights(self, module: nn.Module) -> None:
            """Keep the weights that are there."""

        def forward(self, pixel_values: Tensor, **_: Any) -> Any:
            return ImageClassifierOutput(logits=self.network(pixel_values))

    side = network.side
    # The processor resizes to a square: crop before, as the network wants it. The one on torchvision resizes otherwise
    # than Pillow does, and moves probabilities by more than 0.01.
    processor = ViTImageProcessorPil(
        size={"height": side, "width": side},
        resample=Image.Resampling.BICUBIC,
        image_mean=network.mean,
        image_std=network.std,
    )
    config = Config(
        id2label=dict(enumerate(network.outputs)), label2id={name: i for i, name in enumerate(network.outputs)}
    )
    classify = pipeline("image-classification", model=Model(config).eval(), image_processor=processor, device="cpu")

    def score(photos: Sequence[Path]) -> list[list[float]]:
        found = []
        for start in range(0, len(photos), BATCH):
            said = classify(
                [square(Image.open(path).convert("RGB")) for path in photos[start : start + BATCH]],
                batch_size=BATCH,
                top_k=None,
            )
            by_name = [{one["label"]: one["score"] for one in photo} for photo in said]
            found += [[photo[name] for name in network.outputs] for photo in by_name]
        return found

    return score


def fastai() -> Score:
    """Return `get_preds` of fastai."""
    from fastai.vision.all import CategoryBlock, DataBlock, ImageBlock, Learner, Normalize, Resize, ResizeMethod

    network = _network()
    block = DataBlock(
        blocks=(ImageBlock, CategoryBlock(vocab=network.outputs)),
        get_y=lambda path: network.outputs[0],
        item_tfms=Resize(
            network.side,
            method=ResizeMethod.Crop,
            resamples=(Image.Resampling.BICUBIC, Image.Resampling.NEAREST),
        ),
        batch_tfms=Normalize.from_stats(network.mean, network.std),
    )

    def score(photos: Sequence[Path]) -> list[list[float]]:
        loaders = block.dataloaders(list(photos), bs=BATCH, num_workers=0, device=torch.device("cpu"))
        learner = Learner(loaders, network, loss_func=nn.CrossEntropyLoss())
        with learner.no_bar(), learner.no_logging():
            logits, _ = learner.get_preds(dl=loaders.test_dl(list(photos), num_workers=0))
        return logits.softmax(dim=-1).tolist()

    return score


CONTENDERS: dict[str, Callable[[], Score]] = {
    "Pillow and timm, in a loop": timm_loop,
    "ImageFolder and DataLoader": data_loader,
    "Hugging Face pipeline, batch 16": hugging_face,
    "fastai get_preds": fastai,
}

if __name__ == "__main__":
    measure(CONTENDERS)
