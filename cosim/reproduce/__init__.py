# SPDX-License-Identifier: Apache-2.0
"""reproduce : published figures beside ours, each with its conditions and why it differs."""
