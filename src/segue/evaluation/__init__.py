# SPDX-License-Identifier: Apache-2.0
"""How good lists are, measured on what was held out."""
