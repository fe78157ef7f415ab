"""DQMIO files by real ROOT: written as CMSSW writes them, and read in its two fastest ways."""

import warnings
from functools import cache
from pathlib import Path
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

_CODE = """
#include <cstring>
#include <memory>
#include <string>
#include <vector>
#include "TFile.h"
#include "TH2.h"
#include "TRandom3.h"
#include "TTree.h"

void caloscope_write(const char* path, int compression, int lumis, const std::vector<int>& bins, int depths) {
    TFile file(path, "RECREATE", "1", compression);
    TTree* values = new TTree("TH2Fs", "TH2Fs");
    TTree* indices = new TTree("Indices", "Indices");
    std::string name; std::string* namep = &name; unsigned int flags = 0; TH2F* value = nullptr;
    values->Branch("FullName", &namep); values->Branch("Flags", &flags);
    values->Branch("Value", &value, 128 * 1024, 0);
    unsigned int run = 306138, lumi = 0, history = 0, type = 6; ULong64_t time = 0, first = 0, last = 0;
    indices->Branch("Run", &run); indices->Branch("Lumi", &lumi);
    indices->Branch("ProcessHistoryIndex", &history);
    indices->Branch("BeginTime", &time); indices->Branch("EndTime", &time); indices->Branch("Type", &type);
    indices->Branch("FirstIndex", &first); indices->Branch("LastIndex", &last);
    TRandom3 random(1);
    for (lumi = 1; lumi <= (unsigned int)lumis; lumi++) {
        for (size_t kind = 0; kind + 1 < bins.size(); kind += 2)
            for (int depth = 1; depth <= depths; depth++) {
                std::string title = "depth" + std::to_string(depth);
                name = "Hcal/kind" + std::to_string(kind / 2) + "/" + title;
                TH2F made(title.c_str(), title.c_str(), bins[kind], 0, bins[kind], bins[kind + 1], 0, 72);
                made.SetDirectory(nullptr);
                for (int bin = 0; bin < made.GetNcells(); bin++)
                    made.GetArray()[bin] = random.Poisson(40.0 / depth);
                value = &made; values->Fill(); last++;
            }
        last--; indices->Fill(); first = ++last;
    }
    file.Write(); file.Close();
}

void caloscope_read(const char* path, float* out) {
    std::unique_ptr<TFile> file(TFile::Open(path));
    TTree* tree = file->Get<TTree>("TH2Fs");
    TBranch* branch = tree->GetBranch("Value");
    TH2F* value = nullptr;
    branch->SetAddress(&value);
    for (Long64_t entry = 0, entries = tree->GetEntries(); entry < entries; entry++) {
        branch->GetEntry(entry);
        const int across = value->GetNbinsX(), up = value->GetNbinsY();
        for (int y = 1; y <= up; y++, out += across)
            std::memcpy(out, value->GetArray() + y * (across + 2) + 1, across * sizeof(float));
    }
    tree->ResetBranchAddresses();
    delete value;
}
"""


@cache
def load_root() -> ModuleType:
    """ROOT, with the functions above compiled."""
    with warnings.catch_warnings():
        # The package says on import that it is young.
        warnings.simplefilter("ignore")
        import ROOT
    ROOT.gInterpreter.Declare(_CODE)
    module: ModuleType = ROOT
    return module


def write(path: Path, compression: int, lumis: int, bins: tuple[int, ...], depths: int) -> None:
    """A file of Poisson numbers: for each pair of `bins`, a histogram per depth and lumisection."""
    root = load_root()
    root.caloscope_write(str(path), compression, lumis, root.std.vector["int"](bins), depths)


def loop(path: Path, out: NDArray[np.float32]) -> None:
    """A loop in C++, the rows of each histogram copied; names are not read."""
    load_root().caloscope_read(str(path), out)


def arrays(path: Path, out: NDArray[np.float32]) -> None:
    """PyROOT, with each histogram's array seen through numpy."""
    file = load_root().TFile.Open(str(path))
    tree = file.Get("TH2Fs")
    place = 0
    for entry in range(tree.GetEntries()):
        tree.GetEntry(entry)
        value = tree.Value
        up, across = value.GetNbinsY(), value.GetNbinsX()
        cells = np.frombuffer(value.GetArray(), np.float32, value.GetNcells())
        view = cells.reshape(up + 2, across + 2)[1:-1, 1:-1]
        out[place : place + view.size].reshape(view.shape)[:] = view
        place += view.size
    file.Close()
