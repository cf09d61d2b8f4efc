#!/usr/bin/env bash
# Puts what the real engines need (Java 17, Maven, a PostgreSQL server) on a Debian machine when it is absent.
set -euo pipefail
missing=()
compgen -G '/usr/lib/jvm/*/bin/java' >/dev/null || command -v java >/dev/null || missing+=(openjdk-17-jre-headless)
command -v mvn >/dev/null || missing+=(maven)
compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null || command -v postgres >/dev/null || missing+=(postgresql)
if [ ${#missing[@]} = 0 ]; then exit 0; fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
else
  echo "tests on real engines need ${missing[*]}: install them with your package manager" >&2
fi
