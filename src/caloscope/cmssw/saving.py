"""The last part of a cmsRun configuration: how what was filled is saved. See `blocks`."""

from typing import Final

# `DQMServices/Core/python/DQMStoreNonLegacy_cff.py`: a release before 11_1 starts each lumisection afresh.
DQMIO: Final = """\
load("DQMServices.Core.DQMStoreNonLegacy_cff", "DQMServices.Core.DQMStore_cfi")
process.DQMStore.MEsToSave = cms.untracked.vstring(*PER_LUMI)
process.DQMStore.saveByLumi = cms.untracked.bool(save_by_lumi)
first, last = re.findall(r"\\d+", options.lumis)[0], re.findall(r"\\d+", options.lumis)[-1]
name = "DQMIO_%s_R%09d_L%09d-L%09d.root" % (TAG, RUN, int(first), int(last))
process.dqmOutput = cms.OutputModule(
    "DQMRootOutputModule",
    fileName=cms.untracked.string(os.path.join(options.outputDir, name)),
)
process.savePath = cms.EndPath(process.dqmOutput)
"""

# `DQMServices/Components/plugins/DQMFileSaver.cc`: one file a run, <dirName>/DQM_V0001_R%09d__A__B__C.root.
LEGACY: Final = """\
if re.match(r"\\d+$", options.lumis) is None:
    raise SystemExit("A DQM ROOT file holds one lumisection: give one, as in lumis=7")
process.load("DQMServices.Core.DQMStore_cfi")
process.load("DQMServices.Components.DQMFileSaver_cfi")
process.DQMStore.MEsToSave = cms.untracked.vstring()
process.dqmSaver.convention = cms.untracked.string("Offline")
process.dqmSaver.workflow = cms.untracked.string("/%s/Run%d/LS%s" % (TAG, RUN, options.lumis))
process.dqmSaver.dirName = cms.untracked.string(options.outputDir)
process.savePath = cms.EndPath(process.dqmSaver)
"""

# `DQMServices/FileIO/plugins/DQMFileSaverOnline.cc`: <name>.root.ls%08d_host..._pid... each so many LS.
SNAPSHOTS: Final = """\
process.load("DQMServices.Core.DQMStore_cfi")
process.load("DQMServices.FileIO.DQMFileSaverOnline_cfi")
process.DQMStore.MEsToSave = cms.untracked.vstring()
process.dqmSaver.tag = cms.untracked.string(TAG)
process.dqmSaver.path = cms.untracked.string(options.outputDir)
process.dqmSaver.backupLumiCount = cms.untracked.int32(EVERY)
process.dqmSaver.keepBackupLumi = cms.untracked.bool(True)
if hasattr(process.dqmSaver, "runNumber"):
    process.dqmSaver.runNumber = cms.untracked.uint32(RUN)
process.savePath = cms.EndPath(process.dqmSaver)
"""
