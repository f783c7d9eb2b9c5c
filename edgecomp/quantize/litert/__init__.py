"""litert-quantizer told what to do: rules, ranges it can bear, and operators shown in a form that it knows."""
