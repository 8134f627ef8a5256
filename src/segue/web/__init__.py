# SPDX-License-Identifier: Apache-2.0
"""The pages: plain HTML from the server, nothing loaded from elsewhere."""

from segue.web.pages import pages

__all__ = ["pages"]
