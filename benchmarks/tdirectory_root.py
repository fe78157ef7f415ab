"""DQM files with folders by real ROOT: written as CMSSW writes them, and read in two ways."""

import warnings
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

_CODE = """
#include <string>
#include <vector>
#include "TDirectory.h"
#include "TFile.h"
#include "TH2.h"
#include "TRandom3.h"

void caloscope_write_folders(const char* path, int compression, int run,
                             const std::vector<std::string>& folders, const std::vector<int>& across,
                             int depths, int seed) {
    TFile file(path, "RECREATE", "", compression);
    TRandom3 random(seed);
    for (size_t kind = 0; kind < folders.size(); kind++) {
        std::string below = "DQMData/Run " + std::to_string(run) + "/" + folders[kind];
        TDirectory* into = file.mkdir(below.c_str(), "", true);
        for (int depth = 1; depth <= depths; depth++) {
            std::string name = "depth" + std::to_string(depth);
            TH2F made(name.c_str(), name.c_str(), across[kind], 0, across[kind], 72, 0, 72);
            made.SetDirectory(nullptr);
            made.GetXaxis()->SetTitle("ieta");
            made.GetYaxis()->SetTitle("iphi");
            for (int bin = 0; bin < made.GetNcells(); bin++)
                made.GetArray()[bin] = random.Poisson(40.0 / depth);
            into->WriteTObject(&made, name.c_str());
        }
    }
    file.Close();
}
"""


def load_root() -> ModuleType:
    """ROOT, with the function above compiled."""
    with warnings.catch_warnings():
        # The package says on import that it is young.
        warnings.simplefilter("ignore")
        import ROOT
    ROOT.gInterpreter.Declare(_CODE)
    module: ModuleType = ROOT
    return module


def write(
    root: ModuleType, path: Path, compression: int, run: int, folders: dict[str, int], depths: int, seed: int
) -> None:
    """A file with `depths` histograms in each folder, of as many bins across as it says and 72 up."""
    names = root.std.vector["std::string"](list(folders))
    across = root.std.vector["int"](list(folders.values()))
    root.caloscope_write_folders(str(path), compression, run, names, across, depths, seed)


def arrays(root: ModuleType, path: Path, names: Sequence[str], out: NDArray[np.float32]) -> None:
    """The fastest way from Python: each histogram's buffer taken as an array, its inner part copied."""
    file = root.TFile.Open(str(path))
    place = 0
    for name in names:
        histogram = file.Get(name)
        across, up = histogram.GetNbinsX(), histogram.GetNbinsY()
        full = np.frombuffer(histogram.GetArray(), np.float32, (across + 2) * (up + 2))
        inside = full.reshape(up + 2, across + 2)[1:-1, 1:-1]
        out[place : place + inside.size].reshape(inside.shape)[:] = inside
        place += inside.size
    file.Close()


def bin_by_bin(root: ModuleType, path: Path, names: Sequence[str], out: NDArray[np.float32]) -> None:
    """The way of scripts that were written long ago: every bin asked for."""
    file = root.TFile.Open(str(path))
    place = 0
    for name in names:
        histogram = file.Get(name)
        for y in range(1, histogram.GetNbinsY() + 1):
            for x in range(1, histogram.GetNbinsX() + 1):
                out[place] = histogram.GetBinContent(x, y)
                place += 1
    file.Close()
