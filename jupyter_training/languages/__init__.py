"""Text to nouns, pure: each language a person may write ends in core's nouns.

Nothing behind this room knows which language was spoken. Errors carry the line
and column of the text. Start reading at ``config_cell`` (YAML),
``output_lines`` (what a training prints) and ``argparse_text`` (what a script
can be given).
"""
