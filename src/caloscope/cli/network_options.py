"""The options of `caloscope train` that only networks have."""

from typing import Annotated, TypeAlias

import typer

PANEL = "Networks"

Architecture: TypeAlias = Annotated[
    str,
    typer.Option(
        "--architecture", help="Of autoencoders: resnet, cae, dense or masked.", rich_help_panel=PANEL
    ),
]
Channels: TypeAlias = Annotated[
    str,
    typer.Option("--channels", help="Channels of the stages, as 16,32,64.", rich_help_panel=PANEL),
]
Latent: TypeAlias = Annotated[
    int, typer.Option("--latent", help="Numbers that a map is reduced to.", rich_help_panel=PANEL)
]
Input: TypeAlias = Annotated[
    str,
    typer.Option("--input", help="Pictures over the usual one (ratio), or raw.", rich_help_panel=PANEL),
]
Loss: TypeAlias = Annotated[
    str, typer.Option("--loss", help="likelihood, poisson or mse.", rich_help_panel=PANEL)
]
PictureLumis: TypeAlias = Annotated[
    int, typer.Option("--n-ls", help="Of autoencoder-loss: lumisections of a picture.", rich_help_panel=PANEL)
]
LossLumis: TypeAlias = Annotated[
    int, typer.Option("--n-loss", help="Of autoencoder-loss: losses multiplied.", rich_help_panel=PANEL)
]
Spatial: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--spatial/--no-spatial", help="Of autoencoder-loss: divide by the average.", rich_help_panel=PANEL
    ),
]
Epochs: TypeAlias = Annotated[
    int, typer.Option("--epochs", help="Most epochs of training.", rich_help_panel=PANEL)
]
Batch: TypeAlias = Annotated[
    int, typer.Option("--batch", help="Lumisections of a batch.", rich_help_panel=PANEL)
]
Rate: TypeAlias = Annotated[
    float, typer.Option("--learning-rate", help="The first one; it halves.", rich_help_panel=PANEL)
]
Patience: TypeAlias = Annotated[
    int,
    typer.Option(
        "--patience", help="Stop once so many epochs brought less than 0.01 %.", rich_help_panel=PANEL
    ),
]
Minutes: TypeAlias = Annotated[
    float | None, typer.Option("--minutes", help="Most minutes of training.", rich_help_panel=PANEL)
]
Seed: TypeAlias = Annotated[int, typer.Option("--seed", help="Of all that is random.", rich_help_panel=PANEL)]
Accelerator: TypeAlias = Annotated[
    str, typer.Option("--accelerator", help="cpu, gpu or auto.", rich_help_panel=PANEL)
]
Devices: TypeAlias = Annotated[
    int, typer.Option("--devices", help="How many of them.", rich_help_panel=PANEL)
]


def channels_of(text: str) -> tuple[int, ...]:
    """Numbers from a list with commas; empty for an empty text. Raises `UsageError`."""
    from caloscope.errors import UsageError

    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not all(part.isdecimal() for part in parts):
        raise UsageError(f"channels {text!r}, expected numbers with commas, as 16,32,64")
    return tuple(int(part) for part in parts)
