# SPDX-License-Identifier: Apache-2.0
"""setup : makes a Debian machine ready; runs before anything is installed.

`python3 -m cosim.setup` needs the system's python3 alone: nothing here may import a package that
is not in the standard library.
"""
