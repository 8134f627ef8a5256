# SPDX-License-Identifier: Apache-2.0
"""How fast the hot paths are, each beside the tool that people use today, in the same run and at equal quality."""
