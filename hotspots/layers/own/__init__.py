"""The town's own map files: localities, beats, quarters, street lines, each brought in whole."""
