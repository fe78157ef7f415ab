"""Jobs of a batch, run with a cmsRun of our own: what they leave behind, what is then missing."""

import os
import signal
import time
from pathlib import Path

import pytest

from caloscope.cmssw import State, is_whole, outputs, read_plan, write_batch, write_missing
from caloscope.config.catalogue import load
from caloscope.geometry import view
from caloscope.readers import complete, read
from tests.cmssw.site import Site, header, jobs, outputs_folder, plan, states
from tests.cmssw.submit import parse_submit


def test_a_job_makes_whole_files_that_the_readers_know(jobdir: Path, site: Site) -> None:
    site.run(jobdir, "00001", "5+8")
    assert states(jobdir) == {1: "missing", 2: "missing", 3: "missing", 4: "missing", 5: "there", 8: "there"}
    made = [output.path for output in outputs(read_plan(jobdir)) if output.state is State.THERE]
    assert [path.name for path in made] == [f"DQM_V0001_JetHT_R000306138_L00000000{n}.root" for n in (5, 8)]
    assert all(complete(path) and is_whole(path) for path in made)
    assert not [path for path in made[0].parent.iterdir() if path not in made]
    assert site.asked() == ["5", "8"]
    assert not list(site.scratch.glob("*/caloscope.*"))


def test_a_job_run_again_makes_only_what_is_not_whole(jobdir: Path, site: Site) -> None:
    site.run(jobdir, "00000", "1-4")
    second = next(o.path for o in outputs(read_plan(jobdir)) if o.lumis.pairs == ((2, 2),))
    second.write_bytes(second.read_bytes()[:-1])
    assert states(jobdir)[2] == "broken"
    site.run(jobdir, "00000", "1-4")
    assert site.asked() == ["1", "2", "3", "4", "2"]
    assert set(states(jobdir).values()) == {"there", "missing"}
    assert states(jobdir)[2] == "there"


def test_what_failed_or_was_cut_is_missing_and_the_rest_is_made(jobdir: Path, site: Site) -> None:
    assert "cmsRun failed" in site.run(jobdir, "00000", "1-2", code=1, BEFALLS="2 fails")
    assert "one whole ROOT file" in site.run(jobdir, "00000", "3", code=1, BEFALLS="3 cut")
    site.run(jobdir, "00000", "4", BEFALLS="4 absent")
    found = states(jobdir)
    assert [found[lumi] for lumi in (1, 2, 3, 4)] == ["there", "missing", "missing", "absent"]
    assert write_missing(jobdir, read_plan(jobdir)).keys() == {"00000", "00001"}
    assert jobs(jobdir, "jobs_missing.txt") == [["00000", "2-3"], ["00001", "5+8"]]
    assert parse_submit(jobdir / "submit_missing.sub").arguments == [["00000", "2-3"], ["00001", "5+8"]]


def test_what_was_absent_may_be_there_later(jobdir: Path, site: Site) -> None:
    site.run(jobdir, "00001", "5+8", BEFALLS="8 absent")
    assert states(jobdir)[8] == "absent"
    site.run(jobdir, "00001", "8")
    assert states(jobdir)[8] == "there"
    assert not list(outputs_folder(jobdir).glob("*.absent"))


def test_a_killed_job_leaves_nothing_that_looks_complete(jobdir: Path, site: Site) -> None:
    site.run(jobdir, "00000", "1-4")
    job = site.start(jobdir, "00001", "5+8", BEFALLS="8 hangs")
    hanging = Path(f"{site.calls}.hanging")
    for _ in range(600):
        if hanging.exists():
            break
        time.sleep(0.02)
    os.killpg(job.pid, signal.SIGKILL)
    job.communicate()
    assert [path.name for path in outputs_folder(jobdir).glob("*8.root")] == []
    assert states(jobdir)[8] == "missing"
    assert states(jobdir)[5] == "there"
    write_missing(jobdir, read_plan(jobdir))
    assert jobs(jobdir, "jobs_missing.txt") == [["00001", "8"]]
    ((chunk, lumis),) = parse_submit(jobdir / "submit_missing.sub").arguments
    site.run(jobdir, chunk, lumis)
    assert set(states(jobdir).values()) == {"there"}
    assert write_missing(jobdir, read_plan(jobdir)) == {}
    assert not list(jobdir.glob("*missing*"))


def test_a_job_killed_while_its_output_is_copied_leaves_nothing_that_looks_complete(
    jobdir: Path, site: Site
) -> None:
    slow = site.bin / "cp"
    slow.write_text('#!/bin/bash\n[ "$1" = -- ] || exec /bin/cp "$@"\nhead -c 1000 "$2" >"$3"\nsleep 60\n')
    slow.chmod(0o755)
    job = site.start(jobdir, "00001", "8")
    for _ in range(600):
        if outputs_folder(jobdir).is_dir() and any(
            p.stat().st_size for p in outputs_folder(jobdir).iterdir()
        ):
            break
        time.sleep(0.02)
    os.killpg(job.pid, signal.SIGKILL)
    job.communicate()
    assert [path.name[0] for path in outputs_folder(jobdir).iterdir()] == ["."]
    assert states(jobdir)[8] == "missing"
    slow.unlink()
    site.run(jobdir, "00001", "8")
    assert states(jobdir)[8] == "there"


def test_a_dqmio_chunk_is_one_file(tmp_path: Path, site: Site) -> None:
    area = tmp_path / "my area" / "src"
    area.mkdir(parents=True)
    folder = tmp_path / "jobs"
    write_batch(folder, plan(tmp_path, format="dqmio", release=str(area.parent), arch="el8_amd64_gcc11"))
    (_, first), (name, lumis) = jobs(folder)
    site.run(folder, name, lumis)
    assert site.asked() == ["5+8"]
    made = [output for output in outputs(read_plan(folder)) if output.state is State.THERE]
    assert [output.path.name for output in made] == ["DQMIO_JetHT_R000306138_L000000005-L000000008.root"]
    assert write_missing(folder, read_plan(folder)) == {"00000": read_plan(folder).chunks[0]}
    assert jobs(folder, "jobs_missing.txt") == [["00000", first]]


def test_a_file_of_a_job_is_read_as_its_lumisection(jobdir: Path, site: Site) -> None:
    site.run(jobdir, "00001", "8")
    (path,) = outputs_folder(jobdir).iterdir()
    (lumisection,) = list(read(path, [load()["EB/digi"]], label="JetHT", views=view))
    assert (lumisection.id.run, lumisection.id.lumi) == (306138, 8)
    assert lumisection.maps["EB/digi"].counts.sum() == 3 * 34 * 72


@pytest.mark.parametrize("version", [62206, 1062206])
@pytest.mark.parametrize("size", [0, 3, 20, 24, 500, 999, 1000, 1001])
def test_what_is_whole_is_known_here_and_in_a_job(
    version: int, size: int, tmp_path: Path, jobdir: Path, site: Site
) -> None:
    site.made = tmp_path / "crafted.root"
    site.made.write_bytes(header(version, 1000).ljust(1001, b"\0")[:size])
    assert is_whole(site.made) == (size == 1000)
    site.run(jobdir, "00001", "8", code=0 if size == 1000 else 1)
    assert states(jobdir)[8] == ("there" if size == 1000 else "missing")
