"""What a conversion found out, for machines (`report.json`), for people (`report.html`), for a pull request
(`report.md`) and for a terminal.

Everything here takes the report as plain data, the dictionary that docs/report.md describes. jinja2 and rich are
imported only by the functions that need them.
"""

from edgecomp.report.evaluated import evaluation_report
from edgecomp.report.files import check_place, read_report_json, write_page, write_report_json
from edgecomp.report.html import render_html
from edgecomp.report.markdown import render_markdown
from edgecomp.report.schema import validate_report
from edgecomp.report.terminal import summary_lines, summary_table

__all__ = [
    "check_place",
    "evaluation_report",
    "read_report_json",
    "render_html",
    "render_markdown",
    "summary_lines",
    "summary_table",
    "validate_report",
    "write_page",
    "write_report_json",
]
