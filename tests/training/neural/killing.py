"""Trains a network on a small endcap, in a process that may be killed: arguments are the bundle's folder, the
detector, and the seed. A line is printed after every epoch.
"""

import sys
from pathlib import Path

from caloscope import training
from caloscope.calibrate import given_of
from caloscope.training.neural.checkpoint import Progress

from ...calibrate.making import good, seen, spec

EPOCHS = 4


def recipe(seed: int) -> training.Recipe:
    return training.Recipe(
        architecture="cae", channels=(4, 8), latent=8, epochs=EPOCHS, batch=16, patience=EPOCHS, seed=seed
    )


def say(progress: Progress) -> None:
    print(len(progress.history), flush=True)


def train(folder: Path, detector: str = "autoencoder", seed: int = 1) -> None:
    given = given_of(good(4, 35), spec())
    watching = training.Watching(epochs=say)
    training.train_network(
        given, ["a.h5"], spec(), seen(), folder, detector=detector, recipe=recipe(seed), watching=watching
    )


if __name__ == "__main__":
    train(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
