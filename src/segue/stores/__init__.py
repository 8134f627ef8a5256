# SPDX-License-Identifier: Apache-2.0
"""Bytes at rest: atomic files, kernel locks, and the playlists kept for listeners. Chooses no music."""
