"""`caloscope train`: from good lumisections to a bundle."""

from pathlib import Path
from typing import Annotated

import typer

from caloscope.cli import network_options as network
from caloscope.cli.options import Calorimeter, Label, Lumis, Runs, calorimeter_text


def train(
    paths: Annotated[list[str], typer.Argument(metavar="SOURCE...", help="Files or folders of good data.")],
    map_name: Annotated[str, typer.Option("--map", help="The map to learn, such as HCAL/digi.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The bundle folder, NAME.bundle.")],
    detector: Annotated[
        str,
        typer.Option(
            "--detector", help="reference, pull, pca, nmf, beta-binomial, blind, logistic, mlp, or a network."
        ),
    ] = "reference",
    rate: Annotated[float, typer.Option("--rate", help="False incidents allowed per 3,700 LS.")] = 1.0,
    calibrate: Annotated[
        bool,
        typer.Option(
            "--calibrate/--no-calibrate",
            help="Hold out the last runs and find thresholds there; networks always do.",
        ),
    ] = True,
    era: Annotated[
        str | None, typer.Option("--era", help="Era, where no data set says it; else from the run.")
    ] = None,
    run: Annotated[int | None, typer.Option("--run", help="Run of files that do not say theirs.")] = None,
    runs: Runs = None,
    lumis: Lumis = None,
    label: Label = "training",
    conditions: Annotated[
        list[str] | None,
        typer.Option("--conditions", help="State of the data, COSMICS for one [COLLISIONS]; more than once."),
    ] = None,
    calorimeter: Calorimeter = None,
    architecture: network.Architecture = "resnet",
    channels: network.Channels = "",
    latent: network.Latent = 32,
    input_: network.Input = "ratio",
    loss: network.Loss = "likelihood",
    n_ls: network.PictureLumis = 1,
    n_loss: network.LossLumis = 3,
    spatial: network.Spatial = True,
    epochs: network.Epochs = 200,
    batch: network.Batch = 64,
    learning_rate: network.Rate = 1e-3,
    patience: network.Patience = 12,
    minutes: network.Minutes = None,
    seed: network.Seed = 1,
    accelerator: network.Accelerator = "cpu",
    devices: network.Devices = 1,
) -> None:
    """Fit a detector to good lumisections and write it as a bundle.

    The last 30 % of the runs are held out, and thresholds are chosen there so that chance opens --rate
    incidents in 3,700 lumisections, 24 hours. A blind detector flags nothing: it has no threshold.

    Networks (autoencoder, autoencoder-loss, blind-spot, unet, cnn) need torch, and three runs or more, the
    held-out ones of a pileup near that of the others; --no-calibrate is refused for them. One that was killed
    or interrupted goes on where it was when the same command is given again.
    """
    from caloscope.cli.good_data import Chosen
    from caloscope.cli.learn_asked import Order
    from caloscope.cli.learn_order import carry_out

    chosen = Chosen(label, era, run, runs, lumis)
    text = calorimeter_text(calorimeter)
    order = Order(paths, chosen, map_name, output, detector, rate, calibrate, text, tuple(conditions or ()))
    recipe = {
        "architecture": architecture,
        "channels": network.channels_of(channels),
        "latent": latent,
        "input": input_,
        "loss": loss,
        "n_ls": n_ls,
        "n_loss": n_loss,
        "spatial": spatial,
        "epochs": epochs,
        "batch": batch,
        "learning_rate": learning_rate,
        "patience": patience,
        "minutes": minutes,
        "seed": seed,
        "accelerator": accelerator,
        "devices": devices,
    }
    carry_out(order, recipe)
