# SPDX-License-Identifier: Apache-2.0
"""sttbsnn : the in-memory binary spiking macro: rows of 2T-2MTJ cells, thresholds, spikes."""
