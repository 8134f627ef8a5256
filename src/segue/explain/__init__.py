# SPDX-License-Identifier: Apache-2.0
"""Why a track is there: all that can truly be said of it, what of that is said, and in which words."""
