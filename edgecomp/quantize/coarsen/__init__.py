"""The weights of an integer file chosen anew, so that they take fewer bits: zeros, few levels, cheap levels."""
