# SPDX-License-Identifier: Apache-2.0
"""study : figures over many designs, each as CSV and PNG that say which command made them."""
