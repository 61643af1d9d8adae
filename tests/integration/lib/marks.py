# SPDX-License-Identifier: GPL-2.0-or-later
"""Marks that more than one file has."""

import pytest

NOT_HIS = pytest.mark.root("the id is not one of his: there are 65537")
