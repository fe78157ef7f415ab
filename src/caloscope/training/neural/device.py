"""What networks are trained on: the devices of Lightning Fabric, or a line that says why not."""

from lightning_fabric import Fabric

from caloscope.errors import UsageError
from caloscope.training.recipe import Recipe


def fabric_of(recipe: Recipe) -> Fabric:
    """The devices that a recipe asks for. Raises `UsageError` where the machine has not got them."""
    try:
        return Fabric(
            accelerator=recipe.accelerator,
            devices=recipe.devices,
            strategy="ddp_spawn" if recipe.devices > 1 else "auto",
            precision="32-true",
        )
    except Exception as error:
        found = f"{recipe.devices} device{'' if recipe.devices == 1 else 's'} of accelerator"
        told = " ".join(str(error).split())
        raise UsageError(f"{found} {recipe.accelerator} cannot be used ({told})") from error
