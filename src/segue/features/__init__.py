# SPDX-License-Identifier: Apache-2.0
"""What listening tells beyond taste: functions of frames of events."""
