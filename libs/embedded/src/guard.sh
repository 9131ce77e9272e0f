# Runs a server and ends it for sure. Standard input is a pipe held by the owner: its end means
# that the owner stopped, or was killed, and the server has to go.
# Arguments: the log, how to ask the server to end, a folder to delete at the end, the command.
log=$1 signal=$2 remove=$3
shift 3
exec 3<&0 2>>"$log"
"$@" </dev/null >>"$log" 2>&1 3<&- &
server=$!
# From here on the owner may be gone: writing to it must not end this shell.
trap '' PIPE HUP
echo "$server"
(
    read -r _ <&3
    kill -s "$signal" "$server"
    for s in QUIT KILL; do
        tries=0
        while [ "$tries" -lt 150 ] && kill -0 "$server"; do
            sleep 0.1
            tries=$((tries + 1))
        done
        kill -s "$s" "$server"
    done
) 2>/dev/null &
watcher=$!
wait "$server"
status=$?
kill -s KILL "$watcher" 2>/dev/null
wait "$watcher" 2>/dev/null
echo "ended $status"
if [ -n "$remove" ]; then
    # A server that ended by itself may be started again in its folder: the owner then says "keep".
    word=
    read -r word <&3
    [ "$word" = keep ] || rm -rf -- "$remove"
fi
exit "$status"
