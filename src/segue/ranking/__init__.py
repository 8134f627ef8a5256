# SPDX-License-Identifier: Apache-2.0
"""From many sources' scores to one order."""
