#!/bin/sh
# A package's maintainer script asks whether it may start its service. The harness starts services itself: never.
exit 101
