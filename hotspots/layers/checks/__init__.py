"""Checks of layers: all faults at once, each with its cure; safe repairs; what versions differ in."""
