# SPDX-License-Identifier: Apache-2.0
"""Why a track is there: the source and the seed that moved it most, and how to say so."""
