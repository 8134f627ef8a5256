# SPDX-License-Identifier: Apache-2.0
"""What each server process starts: the gateway with the page, over the workspace that `SEGUE_HOME` names."""

from fastapi import FastAPI

from segue.apps.gateway import create
from segue.web import pages
from segue.workspace import Workspace

__all__ = ["app"]


def app() -> FastAPI:
    """Return the app."""
    return create(Workspace.open(), [pages])
