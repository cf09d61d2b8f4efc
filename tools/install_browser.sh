#!/usr/bin/env bash
# Puts a real browser and Chinese fonts on a Debian machine when the page tests need them and they are absent.
set -euo pipefail
if command -v chromium >/dev/null && fc-list 2>/dev/null | grep -qi 'cjk'; then exit 0; fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium fonts-noto-cjk fontconfig >/dev/null
else
  echo "the page tests need chromium and fonts-noto-cjk: install them with your package manager" >&2
fi
