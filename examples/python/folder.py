"""A connector in Python whose channel is a folder, with nothing but gRPC; docs/connectors.md explains it.

A client writes by putting a file into in/<chat>/, and reads what employees answer in out/<chat>.txt.
BESEDA_URL is the address of the gateway, BESEDA_API_KEY a key with the scope "connector:folder-python".
"""

import json
import os
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
from beseda.connector.v1 import connector_hub_service_pb2 as hub
from beseda.connector.v1.connector_hub_service_pb2_grpc import ConnectorHubServiceStub
from beseda.conversations.v1.connection_service_pb2 import ConnectionState

KEY = "folder-python"
SETTINGS = {"type": "object", "required": ["folder"], "properties": {"folder": {"type": "string"}}}
LOOK = 0.2  # seconds between two looks at the folder
MOST = 500  # events in one call
# What the hub refuses for good; everything else may pass.
FINAL = {grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.PERMISSION_DENIED, grpc.StatusCode.NOT_FOUND}
AUTHORIZATION = [("authorization", "Bearer " + os.environ["BESEDA_API_KEY"])]
address = os.environ.get("BESEDA_URL", "http://127.0.0.1:8080")
target = address.split("://", 1)[1]
options = [("grpc.min_reconnect_backoff_ms", 100), ("grpc.max_reconnect_backoff_ms", 5_000),
           ("grpc.keepalive_time_ms", 20_000)]
channel = (grpc.secure_channel(target, grpc.ssl_channel_credentials(), options)
           if address.startswith("https://") else grpc.insecure_channel(target, options))
stub = ConnectorHubServiceStub(channel)
connections = {}  # id → folder, of those that are switched on
synced = threading.Event()
writing = threading.Lock()


def repeat(work, is_final=lambda error: False):
    """Works until it succeeds; waits grow, with chance, so that many connectors do not come back together."""
    pause = 0.1
    while True:
        try:
            return work()
        except (grpc.RpcError, OSError) as error:
            if is_final(error):
                raise
            print("again:", error.code().name if isinstance(error, grpc.RpcError) else error, flush=True)
        time.sleep(pause * random.uniform(0.5, 1.5))
        pause = min(pause * 2, 10)


def call(method, request):
    return repeat(lambda: method(request, metadata=AUTHORIZATION, timeout=10), lambda it: it.code() in FINAL)


def for_ever(work):
    """Streams end: when a token expires, when the hub restarts."""
    while True:
        repeat(work)
        time.sleep(LOOK)


def watch():
    manifest = hub.ConnectorManifest(key=KEY, title="Folder in Python", settings_schema=json.dumps(SETTINGS))
    call(stub.RegisterConnector, hub.RegisterConnectorRequest(manifest=manifest))
    for step in stub.WatchConnections(hub.WatchConnectionsRequest(connector_key=KEY), metadata=AUTHORIZATION):
        kind = step.WhichOneof("event")
        if kind == "connection":
            told(step.connection)
        elif kind == "synced":
            synced.set()


def told(connection):
    """A connection as it is now."""
    connections.pop(connection.id, None)
    if not connection.enabled:
        return
    health = hub.HealthReport(connection_id=connection.id, state=ConnectionState.CONNECTION_STATE_WORKING)
    folder = Path(connection.settings["folder"])
    try:
        (folder / "in").mkdir(parents=True, exist_ok=True)
        (folder / "out").mkdir(parents=True, exist_ok=True)
        connections[connection.id] = folder
    except OSError as error:
        health.state = ConnectionState.CONNECTION_STATE_BROKEN
        health.text = f"The folder cannot be used: {error}"[:500]
    call(stub.ReportHealth, hub.ReportHealthRequest(connector_key=KEY, reports=[health]))


def bring():
    """Brings files in the order of their names, and removes them when the hub has them."""
    while True:
        time.sleep(LOOK)
        for connection, folder in list(connections.items()):
            files = sorted((folder / "in").glob("*/*"))[:MOST]
            events = [event(connection, file) for file in files]
            if events:
                # An event that is refused would be refused again: it goes as well.
                for result in call(stub.Publish, hub.PublishRequest(connector_key=KEY, events=events)).results:
                    if result.reason:
                        print("refused:", result.reason_text, flush=True)
                for file in files:
                    file.unlink()


def event(connection, file):
    # The id is the same whenever this file is brought: the hub stores it once.
    message = hub.IncomingMessage(text=file.read_text())
    return hub.ChannelEvent(connection_id=connection, external_event_id=f"{file.parent.name}/{file.name}",
                            external_chat_id=file.parent.name, message=message)


def take(workers):
    synced.wait()  # no delivery before its connection is known
    request = hub.TakeDeliveriesRequest(connector_key=KEY, max_in_flight=100)
    for step in stub.TakeDeliveries(request, metadata=AUTHORIZATION):
        if step.WhichOneof("event") == "delivery":
            workers.submit(send, step.delivery)


def send(delivery):
    """Sends one message; the hub brings the next one of its chat after this one is reported."""
    def report(outcome, **more):
        told = hub.DeliveryReport(delivery_id=delivery.id, lease_token=delivery.lease_token, outcome=outcome, **more)
        reply = call(stub.ReportDeliveries, hub.ReportDeliveriesRequest(connector_key=KEY, reports=[told]))
        return not reply.results[0].reason

    if (folder := connections.get(delivery.connection_id)) is None:
        return report(hub.DELIVERY_OUTCOME_RETRY, retry_after_ms=1_000)
    if not report(hub.DELIVERY_OUTCOME_SENDING):
        return None  # somebody else has it by now
    try:
        file = folder / "out" / f"{delivery.external_chat_id}.txt"
        with writing, open(file, "a+") as lines:
            lines.seek(0)
            # What is there under the id of the message is not written again: that makes maybe_sent harmless.
            if delivery.message_id not in lines.read():
                lines.write(f"{delivery.message_id}: {delivery.text}\n")
    except OSError:
        return report(hub.DELIVERY_OUTCOME_RETRY, retry_after_ms=1_000)
    return report(hub.DELIVERY_OUTCOME_SENT, external_message_id=delivery.message_id)


if __name__ == "__main__":
    with ThreadPoolExecutor(max_workers=32) as pool:
        for work in (watch, bring, lambda: take(pool)):
            threading.Thread(target=for_ever, args=(work,), daemon=True).start()
        threading.Event().wait()
