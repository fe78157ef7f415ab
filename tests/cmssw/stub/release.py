"""What a CMSSW release has, by the names that configurations load; some names depend on the release."""

import sys
import types
from typing import Any

from tests.cmssw.stub import language as cms

untracked = cms.Untracked()


class Process:
    """`cms.Process`: everything by label."""

    def __init__(self, name: str, *modifiers: cms.Modifier) -> None:
        if not name.isalnum() or not all(isinstance(each, cms.Modifier) for each in modifiers):
            raise TypeError("a process has a plain name and modifiers")
        self.__dict__["name"] = name
        self.__dict__["modifiers"] = [each.name for each in modifiers]
        self.__dict__["loaded"] = []
        self.__dict__["things"] = {}

    def __setattr__(self, label: str, thing: Any) -> None:
        kinds = (cms.Module, cms.Chain, cms.PSet, cms.Schedule)
        if not isinstance(thing, kinds):
            raise TypeError(f"{label}: {thing!r} cannot be in a process")
        if isinstance(thing, cms.Module):
            object.__setattr__(thing, "label", label)
        self.things[label] = thing

    def __getattr__(self, label: str) -> Any:
        try:
            return self.__dict__["things"][label]
        except KeyError:
            raise AttributeError(f"process has no {label}") from None

    def load(self, name: str) -> None:
        if name not in MODULES:
            raise ImportError(f"No module named {name}")
        self.loaded.append(name)
        for label, thing in MODULES[name]().items():
            setattr(self, label, thing)


def _hcal_task(name: str) -> cms.Module:
    return cms.EDProducer(
        name,
        name=untracked.string(name),
        ptype=untracked.int32(0),
        subsystem=untracked.string("Hcal"),
        **{tag: untracked.InputTag("hcalDigis") for tag in ("tagHBHE", "tagHO", "tagHF")},
    )


def _ecal_task(metadata: bool) -> cms.Module:
    params = {"recHitThreshold": untracked.double(0.5), "tpThreshold": untracked.double(4.0)}
    if metadata:
        params |= {"metadata": cms.maker("InputTag", True)("x"), "lumiCheck": untracked.bool(False)}
    worker = cms.PSet(params=cms.PSet(**params))
    return cms.EDProducer(
        "EcalDQMonitorTask",
        workers=untracked.vstring("ClusterTask", "OccupancyTask"),
        workerParameters=cms.PSet(OccupancyTask=worker),
        commonParameters=cms.PSet(onlineMode=untracked.bool(False)),
        allowMissingCollections=untracked.bool(True),
        resetInterval=untracked.double(2.0),
    )


def _store(**more: Any) -> dict[str, Any]:
    return {"DQMStore": cms.Service("DQMStore", verbose=untracked.int32(0), **more)}


def _hcal_reco(*labels: str) -> dict[str, Any]:
    return {label: cms.EDProducer("HcalReconstructor") for label in labels}


def _local_reco() -> dict[str, Any]:
    made = _hcal_reco("hbheprereco", "hfreco", "horeco")
    return {**made, "hcalLocalRecoSequence": cms.Chain(*made.values())}


def _global_reco() -> dict[str, Any]:
    made = _hcal_reco("hbhereco")
    return {**made, "hcalGlobalRecoSequence": cms.Chain(*made.values())}


def _offline_saver() -> dict[str, Any]:
    texts = {"convention": "Offline", "workflow": "", "dirName": ".", "producer": "DQM"}
    more = {name: untracked.string(text) for name, text in texts.items()}
    return {"dqmSaver": cms.EDAnalyzer("DQMFileSaver", saveByRun=untracked.int32(1), **more)}


def _online_saver(run_number: bool) -> dict[str, Any]:
    more = {"runNumber": untracked.uint32(111)} if run_number else {}
    return {
        "dqmSaver": cms.EDAnalyzer(
            "DQMFileSaverOnline",
            tag=untracked.string("UNKNOWN"),
            path=untracked.string("./"),
            backupLumiCount=untracked.int32(-1),
            keepBackupLumi=untracked.bool(False),
            **more,
        )
    }


def _tag() -> dict[str, Any]:
    return {"GlobalTag": cms.Service("PoolDBESSource", globaltag=cms.maker("string", True)(""))}


def _digis() -> dict[str, Any]:
    return {"ecalDigis": cms.EDProducer("EcalRawToDigi"), "hcalDigis": cms.EDProducer("HcalRawToDigi")}


def _modules(old: bool) -> dict[str, Any]:
    """The files of a release: `old` stands for 10_2, else for 14_0."""
    suffix = "" if old else "_cfi"
    v2 = "_condDBv2" if old else ""
    standard = "Configuration.StandardSequences."
    return {
        "FWCore.MessageService.MessageLogger_cfi": dict,
        standard + "GeometryRecoDB_cff": dict,
        standard + "RawToDigi_Data_cff": _digis,
        f"{standard}FrontierConditions_GlobalTag{v2}_cff": _tag,
        "RecoLocalCalo.Configuration.hcalLocalReco_cff": _local_reco,
        "RecoLocalCalo.Configuration.hcalGlobalReco_cff": _global_reco,
        f"DQM.HcalTasks.DigiTask{suffix}": lambda: {"digiTask": _hcal_task("DigiTask")},
        f"DQM.HcalTasks.RecHitTask{suffix}": lambda: {"recHitTask": _hcal_task("RecHitTask")},
        "CalibCalorimetry.EcalLaserCorrection.ecalLaserCorrectionService_cfi": dict,
        "DQM.EcalMonitorTasks.EcalMonitorTask_cfi": lambda: {"ecalMonitorTask": _ecal_task(not old)},
        "DQMServices.Core.DQMStore_cfi": _store,
        "DQMServices.Core.DQMStoreNonLegacy_cff": lambda: _store(enableMultiThread=untracked.bool(True)),
        "DQMServices.Components.DQMFileSaver_cfi": _offline_saver,
        "DQMServices.FileIO.DQMFileSaverOnline_cfi": lambda: _online_saver(not old),
    }


MODULES: dict[str, Any] = {}
PROCESSES: list[Process] = []


def _process(name: str, *modifiers: cms.Modifier) -> Process:
    PROCESSES.append(Process(name, *modifiers))
    return PROCESSES[-1]


def _global_tag(essource: cms.Module, tag: str, overriding: str) -> cms.Module:
    essource.globaltag = tag
    return essource


class VarParsing:
    """`FWCore.ParameterSet.VarParsing`: what follows the configuration's name on the command line."""

    multiplicity = types.SimpleNamespace(singleton="singleton")
    varType = types.SimpleNamespace(string=str, int=int)  # noqa: N815 (the language's own name)

    def __init__(self, standard: str) -> None:
        if standard != "analysis":
            raise RuntimeError("not understood")
        self.known: dict[str, tuple[Any, type]] = {"maxEvents": (-1, int)}

    def register(self, name: str, default: Any, multiplicity: str, kind: type, info: str) -> None:
        if "_" in name or name in self.known or not info:
            raise RuntimeError(f"cannot register {name}")
        self.known[name] = (default, kind)

    def parseArguments(self) -> None:
        at = next(index for index, word in enumerate(sys.argv) if word.endswith(".py"))
        for word in sys.argv[at + 1 :]:
            name, text = word.split("=", 1)
            self.known[name] = (self.known[name][1](text), self.known[name][1])

    def __getattr__(self, name: str) -> Any:
        return self.known[name][0]


def _put(name: str, **content: Any) -> None:
    """A Python module, and the packages above it."""
    parts = name.split(".")
    for depth in range(1, len(parts) + 1):
        above = ".".join(parts[:depth])
        sys.modules.setdefault(above, types.ModuleType(above))
    vars(sys.modules[name]).update(content)


def install(old: bool) -> None:
    """Makes everything importable that a configuration imports."""
    MODULES.update(_modules(old))
    kinds = {name: cms.maker(name, True) for name in ("string", "InputTag", "vstring", "PSet")}
    names = ("Source", "Service", "EDProducer", "EDAnalyzer", "OutputModule", "Path", "EndPath", "Schedule")
    classes = {name: getattr(cms, name) for name in names}
    _put("FWCore.ParameterSet.Config", Process=_process, untracked=untracked, **kinds, **classes)
    _put("FWCore.ParameterSet.VarParsing", VarParsing=VarParsing)
    for era in ("Run2_2016", "Run2_2017", "Run2_2018", "Run3", "Run3_2023"):
        _put(f"Configuration.Eras.Era_{era}_cff", **{era: cms.Modifier(era)})
    _put(f"Configuration.AlCa.GlobalTag{'_condDBv2' if old else ''}", GlobalTag=_global_tag)
    if not old:
        modifier = cms.Modifier("dqmPerLSsaving")
        _put("Configuration.ProcessModifiers.dqmPerLSsaving_cff", dqmPerLSsaving=modifier)
