# SPDX-License-Identifier: Apache-2.0
"""What free words ask of music: reading them, how well each track fits, and when a theme is due."""
