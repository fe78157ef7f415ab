"""The parts of a cmsRun configuration that are the same for every job; names in capitals are its values.

Module names, parameters and which release has what are those of cms-sw/cmssw; each part says where from. A
configuration must run in every release that can read the data, in Python 2.7 too, so that it asks which of
two names a release has where one was renamed.
"""

from typing import Final

OPTIONS: Final = """\
options = VarParsing("analysis")
options.register("outputDir", OUTPUT_DIR, VarParsing.multiplicity.singleton,
                 VarParsing.varType.string, "Folder for the output")
"""

LUMIS_OPTION: Final = """\
options.register("lumis", LUMIS, VarParsing.multiplicity.singleton,
                 VarParsing.varType.string, "Lumisections, such as 1-3+7")
"""

# `FWCore/ParameterSet/python/VarParsing.py`: what follows the configuration on the command line.
RANGES: Final = '''\
options.parseArguments()


def blocks(text):
    """The ranges of '1-3+7', each as 'run:first-run:last'."""
    found = []
    for part in text.split("+"):
        first, _, last = part.partition("-")
        found.append("%d:%d-%d:%d" % (RUN, int(first), RUN, int(last or first)))
    return found
'''

# Files of DQM/HcalTasks were renamed in 14_0 (pull requests 44408 and 44480).
LOAD: Final = '''\
def load(*names):
    """Loads the first of these files that this release has."""
    for name in names[:-1]:
        try:
            process.load(name)
            return
        except ImportError:
            pass
    process.load(names[-1])
'''

PROCESS: Final = """\
process = cms.Process("CALOSCOPE", era)
"""

# Pull request 41196 (13_1) keeps the elements of `MEsToSave` per lumisection by itself; before, from 26232
# (10_6) on, `saveByLumi` does it, from 34220 (12_0) on only for `MEsToSave`. Elements that cannot be kept per
# lumisection are switched off by `dqmPerLSsaving` (34487).
PROCESS_PER_LUMI: Final = """\
release = tuple(int(n) for n in re.findall(r"\\d+", os.environ.get("CMSSW_VERSION", "99_0"))[:2])
save_by_lumi = release < (13, 1)
modifiers = [era]
if save_by_lumi:
    try:
        from Configuration.ProcessModifiers.dqmPerLSsaving_cff import dqmPerLSsaving
        modifiers.append(dqmPerLSsaving)
    except ImportError:
        pass
process = cms.Process("CALOSCOPE", *modifiers)
"""

# `lumisToProcess`: `FWCore/Sources`, as in HCALDQM/ML4DQM test/hcal_dqm_offline_cfg.py. One thread, because
# the DQM's legacy output allows no more.
POOL_SOURCE: Final = """\
process.source = cms.Source(
    "PoolSource",
    fileNames=cms.untracked.vstring(*FILES),
    lumisToProcess=cms.untracked.VLuminosityBlockRange(*blocks(options.lumis)),
)
"""

# `DQM/Integration/python/config/inputsource_cfi.py` and `DQMServices/StreamerIO/plugins/DQMFileIterator.cc`.
STREAMER_SOURCE: Final = """\
process.source = cms.Source(
    "DQMStreamerReader",
    runNumber=cms.untracked.uint32(RUN),
    runInputDir=cms.untracked.string(INPUT_DIR),
    streamLabel=cms.untracked.string(STREAM),
    SelectEvents=cms.untracked.vstring("*"),
    scanOnce=cms.untracked.bool(SCAN_ONCE),
    minEventsPerLumi=cms.untracked.int32(1),
    delayMillis=cms.untracked.uint32(DELAY_MS),
    nextLumiTimeoutMillis=cms.untracked.int32(NEXT_LUMI_TIMEOUT_MS),
    skipFirstLumis=cms.untracked.bool(False),
    deleteDatFiles=cms.untracked.bool(False),
    endOfRunKills=cms.untracked.bool(False),
)
"""

# The tag may be a key such as auto:run2_data, which only this function resolves.
CONDITIONS: Final = """\
process.maxEvents = cms.untracked.PSet(input=cms.untracked.int32(options.maxEvents))
process.options = cms.untracked.PSet(
    numberOfThreads=cms.untracked.uint32(1),
    numberOfStreams=cms.untracked.uint32(1),
    wantSummary=cms.untracked.bool(True),
)
process.load("FWCore.MessageService.MessageLogger_cfi")
process.load("Configuration.StandardSequences.GeometryRecoDB_cff")
process.load("Configuration.StandardSequences.RawToDigi_Data_cff")
try:
    process.load("Configuration.StandardSequences.FrontierConditions_GlobalTag_condDBv2_cff")
    from Configuration.AlCa.GlobalTag_condDBv2 import GlobalTag
except ImportError:
    process.load("Configuration.StandardSequences.FrontierConditions_GlobalTag_cff")
    from Configuration.AlCa.GlobalTag import GlobalTag
process.GlobalTag = GlobalTag(process.GlobalTag, GLOBAL_TAG, "")
"""

# `DQM/HcalTasks/python/DigiTask*.py`, `RecHitTask*.py`; rec hits from `RecoLocalCalo/Configuration/python`:
# HB and HE are `hbheprereco` in Run 2, `hbhereco` of the global sequence from Run 3 on.
HCAL: Final = """\
load("DQM.HcalTasks.DigiTask_cfi", "DQM.HcalTasks.DigiTask")
load("DQM.HcalTasks.RecHitTask_cfi", "DQM.HcalTasks.RecHitTask")
process.load("RecoLocalCalo.Configuration.hcalLocalReco_cff")
for task in (process.digiTask, process.recHitTask):
    task.ptype = cms.untracked.int32(HCAL_PROCESSING)
    task.subsystem = cms.untracked.string(HCAL_SUBSYSTEM)
process.recHitTask.tagHBHE = cms.untracked.InputTag(HBHE_REC_HITS)
process.recHitTask.tagHO = cms.untracked.InputTag("horeco")
process.recHitTask.tagHF = cms.untracked.InputTag("hfreco")
"""

HCAL_RUN2_PATH: Final = """\
process.hcalPath = cms.Path(
    process.hcalDigis + process.hcalLocalRecoSequence + process.digiTask + process.recHitTask
)
"""

HCAL_RUN3_PATH: Final = """\
process.load("RecoLocalCalo.Configuration.hcalGlobalReco_cff")
process.hcalPath = cms.Path(
    process.hcalDigis
    + process.hcalLocalRecoSequence
    + process.hcalGlobalRecoSequence
    + process.digiTask
    + process.recHitTask
)
"""

# `DQM/EcalMonitorTasks/python/EcalMonitorTask_cfi.py`. The number of events and the pileup of a lumisection
# are booked in online mode only (`OccupancyTask.cc`), which empties histograms after `resetInterval` hours.
ECAL: Final = """\
process.load("CalibCalorimetry.EcalLaserCorrection.ecalLaserCorrectionService_cfi")
process.load("DQM.EcalMonitorTasks.EcalMonitorTask_cfi")
process.ecalMonitorTask.workers = cms.untracked.vstring("OccupancyTask")
process.ecalMonitorTask.allowMissingCollections = cms.untracked.bool(True)
process.ecalMonitorTask.resetInterval = cms.untracked.double(1.0e6)
process.ecalMonitorTask.commonParameters.onlineMode = cms.untracked.bool(True)
process.ecalPath = cms.Path(process.ecalDigis + process.ecalMonitorTask)
"""

# `OccupancyTask.cc` in newer releases; before Run 3 the record may be there and hold zeros.
ECAL_PILEUP: Final = """\
occupancy = process.ecalMonitorTask.workerParameters.OccupancyTask.params
if hasattr(occupancy, "metadata"):
    process.onlineMetaDataDigis = cms.EDProducer("OnlineMetaDataRawToDigi")
    occupancy.metadata = cms.InputTag("onlineMetaDataDigis")
    occupancy.lumiCheck = cms.untracked.bool(True)
    process.ecalPath = cms.Path(
        process.onlineMetaDataDigis + process.ecalDigis + process.ecalMonitorTask
    )
"""
