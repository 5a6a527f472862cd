# SPDX-License-Identifier: GPL-2.0-or-later
# Guests that are built here; the others are fetched (guests/*/recipe).
include guests/splashos/module.mk
include guests/debian/module.mk
