"""`outgrow schema`: print the plan's JSON Schema, for editors."""

import click


@click.command()
@click.argument("document", type=click.Choice(["plan", "load"]), default="plan")
def schema(document: str) -> None:
    """Print the plan's JSON Schema, for editors.

    Save it beside the plan and begin the plan with `# yaml-language-server: $schema=plan.schema.json`. `outgrow schema
    load` prints that of what `outgrow load --json` writes.
    """
    import json

    if document == "load":
        from outgrow.report.load_json import load_schema

        click.echo(json.dumps(load_schema(), indent=2, ensure_ascii=False))
        return

    from outgrow.plan.schema import json_schema
    from outgrow.wiring import loadable_kinds

    kinds, broken = loadable_kinds()
    for error in broken:
        click.echo(f"left out: {error}", err=True)
    click.echo(json.dumps(json_schema(kinds), indent=2, ensure_ascii=False))
