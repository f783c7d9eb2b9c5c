"""Layers as products of smaller ones: low-rank forms of dense layers and convolutions.

`plan.plan_low_rank` decides, `plan.apply_low_rank` builds the new model.
"""
