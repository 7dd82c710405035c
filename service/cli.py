"""The command line: the commands of `service/commands/` put together into `empelt`."""

import typer

from service.commands import (
    duplicates,
    exchange,
    keeping,
    keys,
    matching,
    network,
    quality,
    reference,
    searching,
    serving,
    training,
)
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
app.command()(network.twins)
app.command()(network.recommend)
app.command()(network.example)
app.add_typer(network.profile, name="profile")
app.add_typer(reference.bank, name="bank")
app.add_typer(reference.municipalities, name="municipalities")
app.add_typer(keys.keys, name="keys")
app.add_typer(exchange.exchange, name="exchange")
app.add_typer(matching.match, name="match")
app.add_typer(matching.needs, name="needs")
app.add_typer(matching.offers, name="offers")
app.command()(matching.unmet)
app.add_typer(training.train, name="train")

if __name__ == "__main__":
    app()
