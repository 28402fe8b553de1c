# SPDX-License-Identifier: Apache-2.0
"""mixed : the mixed-signal macro: the same crossbars, converters per column, digital neurons."""
