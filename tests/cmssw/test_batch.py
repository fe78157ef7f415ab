"""The folder of a batch: what is written, what HTCondor and the shell would read, plans that cannot be."""

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from caloscope.cmssw import is_whole, read_plan, write_batch
from caloscope.cmssw.script import script
from caloscope.errors import UsageError
from tests.cmssw.configs import run_text, value
from tests.cmssw.site import header, jobs, plan
from tests.cmssw.submit import parse_submit


def test_a_batch_is_what_its_plan_says(jobdir: Path, tmp_path: Path) -> None:
    names = {"run_cfg.py", "job.sh", "jobs.txt", "submit.sub", "plan.json", "logs"}
    assert {path.name for path in jobdir.iterdir()} == names
    assert jobs(jobdir) == [["00000", "1-4"], ["00001", "5+8"]]
    subprocess.run(["bash", "-n", str(jobdir / "job.sh")], check=True)
    process = run_text((jobdir / "run_cfg.py").read_text(), tmp_path, "lumis=8", release="old")
    assert value(process, "source", "fileNames") == ["/store/a.root", '/store/it\'s "b".root']
    assert value(process, "source", "lumisToProcess") == ["306138:8-306138:8"]


def test_writing_again_changes_nothing_and_another_plan_is_refused(jobdir: Path, tmp_path: Path) -> None:
    before = {path.name: path.read_bytes() for path in jobdir.iterdir() if path.is_file()}
    write_batch(jobdir, plan(tmp_path))
    assert {path.name: path.read_bytes() for path in jobdir.iterdir() if path.is_file()} == before
    with pytest.raises(UsageError, match="another batch"):
        write_batch(jobdir, plan(tmp_path, chunk=2))


def test_htcondor_reads_what_was_meant(tmp_path: Path) -> None:
    proxy = "/home/me/my $(proxy) it's"
    write_batch(tmp_path / "jobs", plan(tmp_path, proxy=proxy, accounting_group="group_u_CMS.x"))
    submit = parse_submit(tmp_path / "jobs" / "submit.sub")
    assert submit.commands["executable"] == "job.sh"
    assert (tmp_path / "jobs" / "job.sh").stat().st_mode & 0o111
    assert submit.commands["x509userproxy"] == proxy
    assert submit.commands["accounting_group"] == "group_u_CMS.x"
    assert submit.commands["request_memory"] == "2000MB"
    assert submit.commands["+MaxRuntime"] == "3600"
    assert submit.arguments == [["00000", "1-4"], ["00001", "5+8"]]
    assert submit.transferred == ["run_cfg.py"]


PATHS = st.text(
    st.characters(exclude_categories=["C", "Z"], include_characters=" "), min_size=1, max_size=60
).map(lambda text: f"a{text}z")
"""Printable and without a space at either end, as the plan demands."""


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(PATHS)
@example('it\'s $(id) `id` \\ "x" ${HOME} * ; &')
def test_no_path_becomes_a_command_of_the_shell(tmp_path: Path, text: str) -> None:
    made = plan(tmp_path, output_dir=f"/{text}", release=f"/{text}/area", setup=f"/{text}").checked()
    values = [line for line in script(made).splitlines() if re.match(r"(output|release|setup)=", line)]
    asked = 'printf "%s\\n" "$output" "$release" "$setup"'
    done = subprocess.run(["bash", "-euc", "\n".join([*values, asked])], capture_output=True, check=True)
    assert done.stdout.decode().split("\n") == [f"/{text}", f"/{text}/area", f"/{text}", ""]


@pytest.mark.parametrize("words", [[], ["0"], ["0", "1-"], ["0", "$(id)"], ["0", "1,2"], ["0", "1 2"]])
def test_a_job_refuses_lumisections_that_are_none(jobdir: Path, words: list[str]) -> None:
    done = subprocess.run([str(jobdir / "job.sh"), *words], capture_output=True, check=False)
    assert done.returncode == 2


def test_what_is_no_root_file_is_not_whole(tmp_path: Path) -> None:
    path = tmp_path / "x.root"
    path.write_bytes(b"ROOT" + header(62206, 1000)[4:].ljust(996, b"\0"))
    os.mkfifo(tmp_path / "pipe")
    for other in (path, tmp_path, tmp_path / "nothing", tmp_path / "pipe"):
        assert not is_whole(other)


@pytest.mark.parametrize(
    "changed",
    [
        {"chunk": 0},
        {"chunk": "4"},
        {"memory": 0},
        {"max_runtime": 1},
        {"release": "relative/area"},
        {"output_dir": "out"},
        {"output_dir": "/out\nevil = 1"},
        {"arch": "x; id"},
        {"accounting_group": "a\nqueue"},
        {"proxy": "/p\n+x=1"},
        {"proxy": "/p\\"},
        {"proxy": "/p "},
        {"lumis": "0"},
        {"files": []},
        {"schema_version": 2},
        {"more": 1},
    ],
)
def test_a_plan_that_cannot_be_is_refused(tmp_path: Path, changed: dict[str, Any]) -> None:
    good = json.loads(plan(tmp_path).model_dump_json())
    folder = tmp_path / "jobs"
    folder.mkdir()
    (folder / "plan.json").write_text(json.dumps(good | changed))
    with pytest.raises(UsageError):
        write_batch(folder / "new", read_plan(folder))


def test_a_folder_without_a_plan_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="found no plan"):
        read_plan(tmp_path)
    (tmp_path / "plan.json").write_bytes(b"\xff{")
    with pytest.raises(UsageError, match="JSON"):
        read_plan(tmp_path)
