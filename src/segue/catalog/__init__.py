# SPDX-License-Identifier: Apache-2.0
"""What can be played: tracks, artists and albums with permanent numbers, and how a name finds its track."""
