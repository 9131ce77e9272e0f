#!/usr/bin/env bash
# Makes everything the connector needs in one folder: a Python environment, and the code made from the contracts.
#
# usage: examples/python/install.sh FOLDER
# then:  FOLDER/bin/python examples/python/folder.py
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
proto=$(cd "$here/../../proto" && pwd)
into=${1:?usage: install.sh FOLDER}

# What it is made of; when nothing of it has changed there is nothing to do.
made_of=$(cat "$here/requirements.txt" "$here/install.sh" "$proto"/beseda/c*/v1/*.proto | cksum)
if [ "$(cat "$into/made_of" 2>/dev/null || true)" = "$made_of" ]; then
    exit 0
fi
rm -rf "$into"
python3 -m venv "$into"
"$into/bin/pip" install --quiet --disable-pip-version-check --requirement "$here/requirements.txt"
packages=$("$into/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
(cd "$proto" && "$into/bin/python" -m grpc_tools.protoc --proto_path=. --python_out="$packages" \
    --grpc_python_out="$packages" beseda/conn*/v1/connector_hub_service.proto \
    beseda/conversations/v1/{attachment,connection_service,template_service}.proto)
echo "$made_of" >"$into/made_of"
