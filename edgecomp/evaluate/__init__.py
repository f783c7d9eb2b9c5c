"""What a file is worth: accuracy, agreement with another, error by layer."""
