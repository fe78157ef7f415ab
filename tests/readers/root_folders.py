"""A program that writes histograms into folders with real ROOT, as told in JSON; see `folder_making`."""

import array
import json
import sys
import warnings
from typing import Any

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import ROOT

ROOT.gInterpreter.Declare("""
#include <cstring>
#include <string>
#include "TArrayC.h"
#include "TArrayD.h"
#include "TArrayF.h"
#include "TArrayI.h"
#include "TArrayL64.h"
#include "TArrayS.h"
#include "TH1.h"

template <class A> bool fill_as(TH1* h, const std::string& raw) {
    A* a = dynamic_cast<A*>(h);
    if (a) std::memcpy(a->GetArray(), raw.data(), raw.size());
    return a;
}
bool fill_with(TH1* h, const std::string& hex) {
    std::string raw;
    for (size_t i = 0; i < hex.size(); i += 2) raw.push_back(std::stoi(hex.substr(i, 2), nullptr, 16));
    return fill_as<TArrayC>(h, raw) || fill_as<TArrayS>(h, raw) || fill_as<TArrayI>(h, raw)
        || fill_as<TArrayL64>(h, raw) || fill_as<TArrayF>(h, raw) || fill_as<TArrayD>(h, raw);
}
""")
ROOT.TH1.AddDirectory(False)


def histogram(told: dict[str, Any]) -> Any:
    """A histogram as told: class, name, title, axes, contents or points, and what hangs on it."""
    bins = [axis[each] for axis in told["axes"] for each in ("bins", "low", "high")]
    made = getattr(ROOT, told["class"])(told["name"], told.get("title", ""), *bins)
    for axis, on in zip(told["axes"], (made.GetXaxis(), made.GetYaxis(), made.GetZaxis()), strict=False):
        if "edges" in axis:
            on.Set(axis["bins"], array.array("d", axis["edges"]))
        on.SetTitle(axis.get("title", ""))
        for place, label in enumerate(axis.get("labels", ()), 1):
            on.SetBinLabel(place, label)
    if told.get("squares"):
        made.Sumw2()
    for point in told.get("points", ()):
        made.Fill(*point)
    if "contents" in told and not ROOT.fill_with(made, told["contents"]):
        raise TypeError(told["class"])
    if told.get("function"):
        made.GetListOfFunctions().Add(ROOT.TF1("fit", "gaus", 0, 1))
    return made


def write(told: dict[str, Any]) -> dict[str, Any]:
    """Writes a file; answers with what ROOT says that each bin of each profile holds."""
    file = ROOT.TFile(told["path"], told.get("mode", "RECREATE"), "", told["compression"])
    means: dict[str, Any] = {}
    for each in told["objects"]:
        into = file.GetDirectory(each["folder"]) or file.mkdir(each["folder"], "", True)
        if each["class"] == "TObjString":
            into.WriteTObject(ROOT.TObjString(each["name"]), each["name"])
            continue
        made = histogram(each)
        for value in each.get("waiting", ()):
            made.Fill(value)
        into.WriteTObject(made, each["name"])
        if each["class"].startswith("TProfile"):
            cells = range(made.GetNcells())
            means[each["name"]] = [made.GetBinContent(n) if made.GetBinEntries(n) else None for n in cells]
    for folder, name in told.get("delete", ()):
        file.GetDirectory(folder).Delete(name)
    file.Close()
    return means


def main() -> None:
    """Writes one file per line of standard input, and answers in a line when it is there."""
    for line in sys.stdin:
        print(json.dumps(write(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
