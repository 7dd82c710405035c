"""The command line: the commands of `service/commands/` put together into `empelt`."""

import typer

from service.commands import duplicates, keeping, quality, reference, searching, serving, training
from service.logs import log_to_standard_error

app = typer.Typer(
    name="empelt",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)


@app.callback()
def start(context: typer.Context) -> None:
    """Find municipal good practices that solve a problem, across Catalan, Spanish, Italian and English."""
    log_to_standard_error(level="info" if context.invoked_subcommand == "serve" else "warning")


app.command()(searching.search)
app.command()(serving.serve)
app.command()(keeping.index)
app.command("import")(keeping.import_practices)
app.command("export")(keeping.export_practices)
app.command()(keeping.remove)
app.command()(keeping.history)
app.command()(keeping.check)
app.command()(duplicates.duplicates)
app.command()(duplicates.link)
app.command()(quality.evaluate)
app.command()(quality.quality)
app.add_typer(reference.bank, name="bank")
app.add_typer(reference.municipalities, name="municipalities")
app.add_typer(training.train, name="train")

if __name__ == "__main__":
    app()
