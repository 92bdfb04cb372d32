"""Torch modules with a forward of their own; `build` of their network type imports them.

The only modules of the schema that import torch, so nothing imports them before a network is
built.
"""
