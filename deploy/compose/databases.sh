#!/bin/bash
# Run by the postgres image when its data folder is new: a database for each service, owned by an account that reaches no
# other. Passwords go by variable, so none needs quoting; each service finds its own in its configuration file.
set -euo pipefail
for name in registry credit search; do
  psql --quiet --no-psqlrc -v ON_ERROR_STOP=1 -v name="$name" -v password="$(cat "${SECRETS:-/run/secrets}/${name}_password")" \
    --username "$POSTGRES_USER" --dbname postgres <<'SQL'
CREATE ROLE :"name" LOGIN PASSWORD :'password';
CREATE DATABASE :"name" OWNER :"name";
REVOKE ALL ON DATABASE :"name" FROM PUBLIC;
SQL
done
