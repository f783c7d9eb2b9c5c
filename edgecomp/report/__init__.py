"""What a conversion found out, for machines (`report.json`), for people (`report.html`) and for a terminal.

Everything here takes the report as plain data, the dictionary that docs/report.md describes. jinja2 and rich are
imported only by the functions that need them.
"""

from edgecomp.report.files import read_report_json, write_report_json
from edgecomp.report.html import render_html
from edgecomp.report.schema import validate_report
from edgecomp.report.terminal import summary_lines, summary_table

__all__ = [
    "read_report_json",
    "render_html",
    "summary_lines",
    "summary_table",
    "validate_report",
    "write_report_json",
]
