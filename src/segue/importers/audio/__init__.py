# SPDX-License-Identifier: Apache-2.0
"""Folders of music files: what their tags say, how they sound, and where an audio model puts them."""
