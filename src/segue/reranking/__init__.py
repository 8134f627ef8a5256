# SPDX-License-Identifier: Apache-2.0
"""From the best tracks to the best list: what one track's place takes from another's."""
