"""The command line: one group of commands a file. Exit codes: 0 done, 1 failed, 2 wrong usage."""

import sys

import structlog
import typer

from caloscope.cli import (
    bundles,
    calibrate,
    cmssw,
    compare,
    convert,
    demo,
    exported,
    faults,
    flags,
    imported,
    incidents,
    info,
    inject,
    learn,
    ledger,
    masks,
    monitoring,
    run,
    serve,
    simulation,
    stores,
    study,
    validate,
    wording,
)
from caloscope.errors import CaloscopeError, UsageError

app = typer.Typer(
    name="caloscope",
    help="Data-quality monitoring for calorimeters: which part of the detector went wrong, and since when.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

app.command("demo")(demo.demo)
app.command("simulate")(simulation.simulate)
app.command("inject")(inject.inject)
app.command("faults")(faults.faults)
app.command("validate")(validate.validate)
app.command("info")(info.info)
app.command("convert")(convert.convert)
app.command("train")(learn.train)
app.command("calibrate")(calibrate.calibrate)
app.command("compare")(compare.compare)
app.command("study")(study.study)
app.command("replay")(run.replay)
app.command("monitor")(monitoring.monitor)
app.command("serve")(serve.serve)
app.command("flags")(flags.flags)
app.command("incidents")(incidents.incidents)
app.command("ledger")(ledger.ledger)
bundles.app.command("import-cmssw")(imported.import_cmssw)
bundles.app.command("export-cmssw")(exported.export_cmssw)
app.add_typer(bundles.app, name="bundle")
app.add_typer(cmssw.app, name="cmssw")
app.add_typer(masks.app, name="mask")
app.add_typer(stores.app, name="store")


def main() -> None:
    """Run a command; an error that a person can mend is one line on standard error."""
    # Results go to standard output, what happens meanwhile to standard error.
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    try:
        sys.exit(app(prog_name="caloscope", standalone_mode=False))
    except wording.WRONG_WORDS as error:
        wording.show(error)
        sys.exit(2)
    except typer.Abort:
        print("caloscope: stopped", file=sys.stderr)
        sys.exit(1)
    except UsageError as error:
        for line in str(error).splitlines():  # a configuration may have several faults
            print(f"caloscope: {line}", file=sys.stderr)
        sys.exit(2)
    except (CaloscopeError, OSError) as error:
        print(f"caloscope: {error}", file=sys.stderr)
        sys.exit(1)
