"""The stages strung together: one file a job, and the steps that jobs share."""
