"""Texts of a column as numbers, so that each distinct one is looked at once."""

import numpy as np
import numpy.typing as npt
import pandas as pd


def codes_of(column: pd.Series) -> tuple[npt.NDArray[np.int64], pd.Index]:
    """Return the code of every text and the texts by code; −1 stands for a missing one.

    As `pandas.factorize`, but a column of categories keeps its own codes, so that some of the
    texts may not occur.
    """
    if isinstance(column.dtype, pd.CategoricalDtype):
        return np.asarray(column.cat.codes, dtype=np.int64), column.cat.categories
    codes, values = pd.factorize(column)
    return np.asarray(codes, dtype=np.int64), values
