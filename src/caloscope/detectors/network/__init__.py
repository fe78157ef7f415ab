"""Detectors on networks: an ONNX file that somebody trained, and all that stands around it."""

from caloscope.detectors.network.autoencoder import Autoencoder
from caloscope.detectors.network.blind_spot import BlindSpot
from caloscope.detectors.network.cnn import Cnn
from caloscope.detectors.network.loss import AutoencoderLoss
from caloscope.detectors.network.unet import UNet

__all__ = ["Autoencoder", "AutoencoderLoss", "BlindSpot", "Cnn", "UNet"]
