# SPDX-License-Identifier: Apache-2.0
"""What makes a list a playlist: the order in which its tracks follow each other."""
