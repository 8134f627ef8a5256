# SPDX-License-Identifier: Apache-2.0
"""HTTP: the gateway that clients and pages talk to."""
