"""`outgrow schema`: print the plan's JSON Schema, for editors."""

import click


@click.command()
def schema() -> None:
    """Print the plan's JSON Schema, for editors.

    Save it beside the plan and begin the plan with `# yaml-language-server: $schema=plan.schema.json`.
    """
    import json

    from outgrow.plan.schema import json_schema
    from outgrow.wiring import loadable_kinds

    kinds, broken = loadable_kinds()
    for error in broken:
        click.echo(f"left out: {error}", err=True)
    click.echo(json.dumps(json_schema(kinds), indent=2, ensure_ascii=False))
