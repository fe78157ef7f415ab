"""A program that writes ROOT files of trees with real ROOT, as told by lines of JSON; see `tree_making`."""

import json
import sys
import warnings
from typing import Any

import numpy as np

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import ROOT

ROOT.gInterpreter.Declare("""
#include <string>
#include "TTree.h"

template <class T> struct Objects {  // the same branches as in CMSSW
    TTree* tree; std::string name; std::string* namep = &name; unsigned int flags = 7; T* value = nullptr;
    Objects(const char* title, int split, int basket) : tree(new TTree(title, title)) {
        tree->Branch("FullName", &namep); tree->Branch("Flags", &flags);
        tree->Branch("Value", &value, basket, split);
    }
    void fill(const char* n, T* v) { name = n; value = v; tree->Fill(); }
};
template <class T> struct Numbers {
    TTree* tree; std::string name; std::string* namep = &name; unsigned int flags = 7; T value = 0;
    Numbers(const char* title) : tree(new TTree(title, title)) {
        tree->Branch("FullName", &namep); tree->Branch("Flags", &flags); tree->Branch("Value", &value);
    }
    void fill(const char* n, T v) { name = n; value = v; tree->Fill(); }
};
struct Texts {
    TTree* tree; std::string name; std::string* namep = &name; unsigned int flags = 7;
    std::string value; std::string* valuep = &value;
    Texts(const char* title) : tree(new TTree(title, title)) {
        tree->Branch("FullName", &namep); tree->Branch("Flags", &flags); tree->Branch("Value", &valuep);
    }
    void fill(const char* n, const char* v) { name = n; value = v; tree->Fill(); }
};
struct Indices {
    TTree* tree; unsigned int run, lumi, history, type; ULong64_t begin, end, first, last;
    Indices() : tree(new TTree("Indices", "Indices")) {
        tree->Branch("Run", &run); tree->Branch("Lumi", &lumi);
        tree->Branch("ProcessHistoryIndex", &history);
        tree->Branch("BeginTime", &begin); tree->Branch("EndTime", &end); tree->Branch("Type", &type);
        tree->Branch("FirstIndex", &first); tree->Branch("LastIndex", &last);
    }
    void fill(unsigned int r, unsigned int l, unsigned int h, ULong64_t b, unsigned int t, ULong64_t f,
              ULong64_t z) {
        run = r; lumi = l; history = h; begin = b; end = b; type = t; first = f; last = z; tree->Fill();
    }
};
template <class T> struct Columns {
    TTree* tree; T* value = nullptr; int run = 0, ls = 0; bool numbered;
    Columns(const char* title, const char* branch, int split, bool n)
        : tree(new TTree(title, title)), numbered(n) {
        if (n) { tree->Branch("run", &run); tree->Branch("ls", &ls); }
        tree->Branch(branch, &value, 32000, split);
    }
    void fill(T* v, int r, int l) { value = v; run = r; ls = l; tree->Fill(); }
};
""")

TYPES = [
    *("Ints", "Floats", "Strings"),
    *("TH1Fs", "TH1Ss", "TH1Ds", "TH2Fs", "TH2Ss", "TH2Ds", "TH3Fs", "TProfiles", "TProfile2Ds"),
]
LATER = ["TH1Is", "TH2Is"]
_OPEN: list[Any] = []


def histogram(told: dict[str, Any], arrays: Any) -> Any:
    """A histogram as told: its class, name, axes, and the array with overflows, or points of a profile."""
    bins = [number for axis in told["axes"] for number in axis]
    made = getattr(ROOT, told["class"])(told.get("name", "h"), "a title", *bins)
    made.SetDirectory(ROOT.nullptr)
    if told.get("sumw2"):
        made.Sumw2()
    for point in told.get("points", ()):
        made.Fill(*point)
    if "array" in told:
        given = arrays[told["array"]]
        buffer = np.frombuffer(made.GetArray(), given.dtype, given.size)
        buffer[:] = given.ravel()
    if told.get("label"):
        made.GetXaxis().SetBinLabel(1, told["label"])
    return made


def write_dqmio(told: dict[str, Any], arrays: Any) -> None:
    """A DQMIO file: `sections` of run, lumi, begin, history and elements; `rows` are written as they are."""
    later = LATER if told.get("later") else []
    file = ROOT.TFile(told["path"], "RECREATE", "1", told["compression"])
    indices, trees = ROOT.Indices(), {}
    for name in (*TYPES, *later):
        trees[name] = _tree(name, told)
    filled = dict.fromkeys(trees, 0)
    for section in told["sections"]:
        firsts = dict(filled)
        for each in section["elements"]:
            value = each["value"] if "value" in each else histogram(each, arrays)
            trees[each["tree"]].fill(each["path"], value)
            filled[each["tree"]] += 1
        place = (section["run"], section["lumi"], section.get("history", 0), section.get("begin", 0))
        rows = [
            (number, firsts[name], filled[name] - 1)
            for number, name in enumerate(trees)
            if filled[name] > firsts[name]
        ]
        for row in rows or [(1000, 0, 0)]:
            indices.fill(*place, *row)
    for row in told.get("rows", ()):
        indices.fill(*row)
    _write(file, [indices, *trees.values()], told)


def _tree(name: str, told: dict[str, Any]) -> Any:
    if name == "Strings":
        return ROOT.Texts(name)
    if name in ("Ints", "Floats"):
        return ROOT.Numbers["Long64_t" if name == "Ints" else "double"](name)
    return ROOT.Objects[name[:-1]](name, told.get("split", 0), told.get("basket", 128 * 1024))


def _write(file: Any, trees: list[Any], told: dict[str, Any]) -> None:
    """Closes a file, with the last baskets inside their trees where that is told."""
    if told.get("unfinished"):
        _OPEN.append(file)  # or Python would close it
        return
    if told.get("embedded"):
        for each in trees:
            each.tree.GetDirectory().WriteTObject(each.tree)
    else:
        file.Write()
    file.Close()


def write_trees(told: dict[str, Any], arrays: Any) -> None:
    """A file of trees with a branch of histograms: `trees` with folder, name, branch, numbers and entries."""
    file = ROOT.TFile(told["path"], "RECREATE", "", told["compression"])
    for tree in told["trees"]:
        (file.mkdir(tree["folder"], "", True) if tree["folder"] else file).cd()
        made = ROOT.Columns[tree["class"]](
            tree["name"], tree["branch"], tree.get("split", 0), tree.get("numbered", False)
        )
        for each in tree["entries"]:
            made.fill(histogram(each, arrays), each.get("run", 0), each.get("ls", 0))
    file.Write()
    file.Close()


def main() -> None:
    """Writes one file per line of standard input, and a line when it is there."""
    for line in sys.stdin:
        told = json.loads(line)
        arrays = np.load(told["arrays"], allow_pickle=False) if told.get("arrays") else {}
        {"dqmio": write_dqmio, "trees": write_trees}[told["what"]](told, arrays)
        print("done", flush=True)


if __name__ == "__main__":
    main()
