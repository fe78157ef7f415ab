"""The shell script of one batch job: sets up CMSSW, runs cmsRun, moves whole outputs into place."""

import shlex
from typing import Final

from caloscope import __version__
from caloscope.cmssw.job import Format
from caloscope.cmssw.names import pattern
from caloscope.cmssw.plan import Plan

_HEAD: Final = """\
#!/bin/bash
# One chunk of lumisections with cmsRun. Written by caloscope {version}, `caloscope cmssw batch`.
# Run it as: job.sh CHUNK LUMIS, in a folder that holds run_cfg.py; LUMIS is such as 1-3+7.
# An output appears under its own name only when it is whole, and what is whole already is not made again.
set -euo pipefail
shopt -s nullglob
"""

_START: Final = r"""
[[ $# -eq 2 && $2 =~ ^[0-9]{1,10}(-[0-9]{1,10})?(\+[0-9]{1,10}(-[0-9]{1,10})?)*$ ]] || {
    echo "usage: job.sh CHUNK LUMIS" >&2
    exit 2
}
chunk=$1
lumis=$2
config=$PWD/run_cfg.py
mkdir -p -- "$output"
work=$(mktemp -d -p "${_CONDOR_SCRATCH_DIR:-}" caloscope.XXXXXX)
trap 'rm -rf -- "$work"' EXIT

# The site's own scripts use variables that are not set, and commands that fail.
set +eu
[ -r "$setup" ] && source "$setup"
set -eu
cd -- "$work"
"""

_NEW_AREA: Final = """\
scram project "$release"
cd -- "$release/src"
"""

_OLD_AREA: Final = """\
cd -- "$release/src"
"""

_MAKE: Final = r"""runtime=$(scram runtime -sh)
set +u
eval "$runtime"
set -u
cd -- "$work"

# Whether a file is a ROOT file written to its end: the end that its header names is its size.
whole() {
    local bytes end=0 last=15 i
    [ -f "$1" ] || return 1
    bytes=($(od -An -v -tu1 -N24 -- "$1"))
    [ "${#bytes[@]}" -eq 24 ] || return 1
    [ "${bytes[*]:0:4}" = "114 111 111 116" ] || return 1
    # From version 1000000 on the end has eight bytes.
    if ((bytes[4] * 16777216 + bytes[5] * 65536 + bytes[6] * 256 + bytes[7] >= 1000000)); then last=19; fi
    for ((i = 12; i <= last; i++)); do end=$((end * 256 + bytes[i])); done
    [ "$end" -eq "$(wc -c <"$1")" ]
}

# Moves a text or a file into the output folder, where it is there whole or not at all.
place() {
    local part="$output/.$2.$HOSTNAME.$$.part"
    cp -- "$1" "$part" && cmp -s -- "$1" "$part" && mv -f -- "$part" "$output/$2" || {
        rm -f -- "$part"
        echo "$2: could not be written to $output" >&2
        return 1
    }
}

# One cmsRun over the lumisections $1; its output is to be called $2.
make() {
    local folder made
    if whole "$output/$2"; then
        echo "$2: there already"
        return 0
    fi
    folder=$(mktemp -d -p "$work" run.XXXXXX) || return 1
    if ! (cd -- "$folder" && cmsRun "$config" "lumis=$1" outputDir=.); then
        echo "$2: cmsRun failed" >&2
        return 1
    fi
    made=("$folder"/*.root)
    if [ "${#made[@]}" -eq 0 ]; then
        echo "cmsRun ended well and wrote nothing: no lumisections $1 in the input files" >"$folder/absent"
        place "$folder/absent" "$2.absent"
        return
    fi
    if [ "${#made[@]}" -ne 1 ] || ! whole "${made[0]}"; then
        echo "$2: expected one whole ROOT file, found ${#made[@]} files: ${made[*]}" >&2
        return 1
    fi
    place "${made[0]}" "$2" || return 1
    rm -f -- "$output/$2.absent"
    rm -rf -- "$folder"
    echo "$2: done"
}
"""

_LEGACY: Final = r"""
echo "chunk $chunk: lumisections $lumis, one cmsRun each"
failed=0
for range in ${lumis//+/ }; do
    for ((lumi = 10#${range%-*}; lumi <= 10#${range#*-}; lumi++)); do
        make "$lumi" "$(printf "$pattern" "$tag" "$run" "$lumi")" || failed=1
    done
done
exit "$failed"
"""

_DQMIO: Final = r"""
echo "chunk $chunk: lumisections $lumis, one cmsRun"
first=${lumis%%[-+]*}
last=${lumis##*[-+]}
make "$lumis" "$(printf "$pattern" "$tag" "$run" "$((10#$first))" "$((10#$last))")"
"""


def script(plan: Plan) -> str:
    """The text of `job.sh`; every value in it is quoted for the shell."""
    values = {
        "output": plan.output_dir,
        "release": plan.release,
        "setup": plan.setup,
        "tag": plan.tag,
        "run": str(plan.run),
        "pattern": pattern(plan.format),
    }
    lines = [f"{name}={shlex.quote(text)}" for name, text in values.items()]
    if plan.arch is not None:
        lines.append(f"export SCRAM_ARCH={shlex.quote(plan.arch)}")
    area = _NEW_AREA if plan.is_release_name else _OLD_AREA
    rest = _LEGACY if plan.format is Format.LEGACY else _DQMIO
    return _HEAD.format(version=__version__) + "\n".join(lines) + "\n" + _START + area + _MAKE + rest
