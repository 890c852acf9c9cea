"""Checks of layers: all faults at once, each with a cure; safe repairs; what versions differ in."""
