"""Networks of prior work: as large as printed, and able to learn what is plain to see."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from caloscope.study.ml4dqm.tasks import TASKS, Task  # noqa: E402
from caloscope.training.neural import ml4dqm  # noqa: E402
from caloscope.training.neural.ml4dqm_networks import network, parameters  # noqa: E402


@pytest.mark.parametrize(
    ("name", "shape", "classes", "printed"),
    [
        ("cells", (72, 32), 3, 7_165),
        ("all", (72, 84), 2, 20_468),
        ("strides", (72, 32), 3, 3_527),
        ("strides", (72, 32), 2, 2_574),
        ("boxes", (72, 32), 2, 2_372),
        ("boxes", (74, 34), 2, 2_472),
        ("autoencoder", (72, 32), 2, 148_521),
        ("thin", (74, 34), 2, 4_385),
    ],
)
def test_networks_have_as_many_parameters_as_the_notebooks_printed(
    name: str, shape: tuple[int, int], classes: int, printed: int
) -> None:
    assert parameters(network(name, shape, classes)) == printed


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_every_network_takes_the_images_of_its_task(task: Task) -> None:
    if task.network == "logistic":
        return
    images = np.zeros((3, 1, *task.shape), np.float32)
    module = network(task.network, task.shape, len(task.classes)).eval()
    out = module(torch.from_numpy(images))
    alone = task.alone
    assert tuple(out.shape) == (images.shape if alone else (3, len(task.classes)))


def test_a_network_learns_and_its_best_state_judges() -> None:
    rng = np.random.default_rng(1)
    images = rng.uniform(0.3, 0.5, (64, 1, 72, 32)).astype(np.float32)
    classes = np.arange(64) % 2
    images[classes == 1, :, 10:40, 5:20] = 0.0
    told: list[float] = []
    (found,) = ml4dqm.judge(
        "boxes",
        (images, classes),
        (images, classes),
        [images],
        2,
        seed=1,
        epochs=40,
        tell=lambda _number, _learned, held: told.append(held),
    )
    assert min(told) < told[0]
    assert (found.answers.argmax(1) == classes).mean() > 0.95
    assert found.answers.sum(1) == pytest.approx(1.0)
    assert found.worst.shape == (0, 2)


def test_an_autoencoder_says_where_it_is_off_most() -> None:
    images = np.full((4, 1, 74, 34), 0.5, np.float32)
    images[1, 0, 30, 12] = 30.0
    classes = np.zeros(4, np.int64)
    (found,) = ml4dqm.judge("thin", (images, classes), (images, classes), [images], 2, seed=1, epochs=1)
    assert found.worst[1].tolist() == [30, 12]
    assert found.answers[1, 0] > found.answers[0, 0]
