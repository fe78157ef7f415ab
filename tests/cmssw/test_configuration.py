"""The written configurations, executed as Python against a stand-in of the CMS configuration language."""

import ast
from pathlib import Path
from typing import Any

import pytest

from caloscope.cmssw import (
    Format,
    Offline,
    Online,
    Part,
    Subsystem,
    configuration,
    era_and_modifier,
)
from caloscope.config.catalogue import load
from caloscope.geometry import ERAS
from tests.cmssw.configs import FILES, job, offline, run_job, value

ONLINE = Online("/fff/ramdisk")
KINDS: dict[str, Offline | Online] = {
    "dqmio": offline(),
    "legacy": offline("7", Format.LEGACY),
    "online": ONLINE,
}
SAVERS = {"dqmio": "DQMRootOutputModule", "legacy": "DQMFileSaver", "online": "DQMFileSaverOnline"}
RUNS = {"2016": 280000, "2017": 306138, "2018": 320001, "2019+": 370000}


@pytest.mark.parametrize("release", ["old", "new"])
@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("part", Part)
def test_every_combination_makes_a_whole_process(
    part: Part, kind: str, era: str, release: str, tmp_path: Path
) -> None:
    run = RUNS[era]
    named, modifier = era_and_modifier(run, era, None)
    what = job(part, KINDS[kind], run=run, era=named, modifier=modifier, subsystem=Subsystem.ALL)
    version = "10_2_0" if release == "old" else "14_0_1"
    process = run_job(what, tmp_path, release=release, version=version)
    assert process["modifiers"] == [modifier]
    assert value(process, "GlobalTag", "globaltag") == "100X_dataRun2_HLT_v1"
    check_source(process, kind, run)
    check_hcal(process, part, kind, era)
    check_ecal(process, part, era, release)
    (saver,) = process["paths"]["savePath"]
    assert process["things"][saver]["plugin"] == SAVERS[kind]
    assert list(process["paths"])[-1] == "savePath"
    if kind == "legacy":
        assert value(process, saver, "workflow") == f"/JetHT/Run{run}/LS7"


def check_source(process: Any, kind: str, run: int) -> None:
    source = process["things"]["source"]
    if kind == "online":
        assert source["plugin"] == "DQMStreamerReader"
        assert value(process, "source", "runNumber") == run
        assert value(process, "source", "runInputDir") == "/fff/ramdisk"
        assert value(process, "dqmSaver", "backupLumiCount") == 1
        assert value(process, "dqmSaver", "keepBackupLumi") is True
        return
    assert source["plugin"] == "PoolSource"
    assert value(process, "source", "fileNames") == list(FILES)
    lumis = [f"{run}:7-{run}:7"] if kind == "legacy" else [f"{run}:1-{run}:3", f"{run}:7-{run}:7"]
    assert value(process, "source", "lumisToProcess") == lumis


def check_hcal(process: Any, part: Part, kind: str, era: str) -> None:
    assert ("hcalPath" in process["paths"]) == part.hcal
    if not part.hcal:
        return
    path = process["paths"]["hcalPath"]
    assert path[0] == "hcalDigis"
    assert path[-2:] == ["digiTask", "recHitTask"]
    made_by = value(process, "recHitTask", "tagHBHE")
    assert made_by == ("hbhereco" if era == "2019+" else "hbheprereco")
    assert {made_by, "horeco", "hfreco"} <= set(path)
    for task in ("digiTask", "recHitTask"):
        assert value(process, task, "subsystem") == "HcalAll"
        assert value(process, task, "ptype") == (1 if kind == "dqmio" else 0)


def check_ecal(process: Any, part: Part, era: str, release: str) -> None:
    assert ("ecalPath" in process["paths"]) == part.ecal
    if not part.ecal:
        return
    pileup = era == "2019+" and release == "new"
    digis = [*(["onlineMetaDataDigis"] if pileup else []), "ecalDigis"]
    assert process["paths"]["ecalPath"] == [*digis, "ecalMonitorTask"]
    assert value(process, "ecalMonitorTask", "workers") == ["OccupancyTask"]
    assert value(process, "ecalMonitorTask", "commonParameters", "onlineMode") is True
    if release == "new":
        task = ("ecalMonitorTask", "workerParameters", "OccupancyTask", "params")
        assert value(process, *task, "lumiCheck") is pileup
        assert value(process, *task, "metadata") == ("onlineMetaDataDigis" if pileup else "x")


@pytest.mark.parametrize(
    ("version", "release", "by_lumi", "modifiers"),
    [
        ("14_0_1", "new", False, ["Run2_2017"]),
        ("13_1_0", "new", False, ["Run2_2017"]),
        ("13_0_9", "new", True, ["Run2_2017", "dqmPerLSsaving"]),
        ("10_6_30_patch1", "old", True, ["Run2_2017"]),
    ],
)
def test_dqmio_is_kept_per_lumisection_as_each_release_does_it(
    version: str, release: str, by_lumi: bool, modifiers: list[str], tmp_path: Path
) -> None:
    process = run_job(job(), tmp_path, release=release, version=version)
    assert value(process, "DQMStore", "saveByLumi") is by_lumi
    assert process["modifiers"] == modifiers
    assert "Hcal/DigiTask/Occupancy/depth/depth7" in value(process, "DQMStore", "MEsToSave")
    assert "DQMServices.Core.DQMStoreNonLegacy_cff" in process["loaded"]


@pytest.mark.parametrize("kind", ["legacy", "online"])
def test_dqm_files_hold_what_is_there_at_the_end(kind: str, tmp_path: Path) -> None:
    process = run_job(job(source=KINDS[kind]), tmp_path)
    assert value(process, "DQMStore", "MEsToSave") == []


def test_the_command_line_of_a_job_chooses_lumisections_and_folder(tmp_path: Path) -> None:
    process = run_job(job(), tmp_path, "lumis=11-12+15", "outputDir=/data/it's here", "maxEvents=5")
    lumis = ["306138:11-306138:12", "306138:15-306138:15"]
    assert value(process, "source", "lumisToProcess") == lumis
    name = "/data/it's here/DQMIO_JetHT_R000306138_L000000011-L000000015.root"
    assert value(process, "dqmOutput", "fileName") == name
    assert value(process, "maxEvents", "input") == 5


def test_a_dqm_file_of_several_lumisections_is_refused_when_run(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="holds one lumisection"):
        run_job(job(source=offline("1-3", Format.LEGACY)), tmp_path)


@pytest.mark.parametrize("part", [Part.HCAL, Part.ECAL])
def test_a_job_for_one_calorimeter_keeps_only_its_histograms(part: Part, tmp_path: Path) -> None:
    kept = value(run_job(job(part), tmp_path), "DQMStore", "MEsToSave")
    tops = {name.split("/")[0] for name in kept}
    assert tops == ({"Hcal"} if part.hcal else {"Ecal", "EcalBarrel", "EcalEndcap"})


def test_every_map_of_cms_is_fed(tmp_path: Path) -> None:
    for subsystem in Subsystem:
        kept = set(value(run_job(job(subsystem=subsystem), tmp_path), "DQMStore", "MEsToSave"))
        for spec in load().values():
            if spec.producer == "Ecal" and spec.quantity == "rechit":
                continue  # ECAL's rec hits are not made
            for era in ERAS:
                wanted = [path.format(depth=depth) for path in spec.paths(era) for depth in (1, 7)]
                assert kept.intersection(wanted), (spec.name, era)
            assert kept.intersection(spec.events), spec.name


def test_online_takes_its_waiting_times_as_they_are(tmp_path: Path) -> None:
    online = Online("/data/it's", "streamDQMCalibration", 10, 250, 1000, True)
    process = run_job(job(source=online), tmp_path, "outputDir=/up")
    names = ("runInputDir", "streamLabel", "delayMillis", "nextLumiTimeoutMillis", "scanOnce")
    found = [value(process, "source", name) for name in names]
    assert found == ["/data/it's", "streamDQMCalibration", 250, 1000, True]
    assert value(process, "dqmSaver", "backupLumiCount") == 10
    assert value(process, "dqmSaver", "path") == "/up"
    assert value(process, "dqmSaver", "runNumber") == 306138


def test_the_same_job_gives_the_same_text_that_python_2_could_read() -> None:
    text = configuration(job(), "test")
    assert text == configuration(job(), "test")
    assert text.startswith("# -*- coding: utf-8 -*-\n")
    tree = ast.parse(text)
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.JoinedStr | ast.AnnAssign)]
    assert all(line.startswith("#") for line in text.splitlines()[:12])
