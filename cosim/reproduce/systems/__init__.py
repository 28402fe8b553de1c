# SPDX-License-Identifier: Apache-2.0
"""systems : one module for each reproduction; its ENTRY is found by catalogue.py."""
