"""What a run found out, in the shape of report.json."""
