import { describe, expect, test, vi } from "vitest";
import { Outbox } from "../src/app/outbox";
import { SafeStorage } from "../src/app/storage";
import { MemoryStorage } from "./memory_storage";

function outbox(storage = new MemoryStorage(), visitor = "vis_1", now = () => 1_000) {
  return new Outbox(storage, "och_1", visitor, () => undefined, now);
}

const texts = (box: Outbox) => box.entries().map(({ text }) => text);

describe("the outbox", () => {
  test("keeps the order of writing while the clock stands still or goes back", () => {
    const clock = [5_000, 5_000, 3_000, 4_000];
    const box = outbox(new MemoryStorage(), "vis_1", () => clock.shift() ?? 0);
    for (const text of ["a", "b"]) box.add("", text);
    expect(texts(box)).toEqual(["a", "b"]);
  });

  test("outlives the window", () => {
    const storage = new MemoryStorage();
    const first = outbox(storage);
    first.add("", "a");
    first.add("", "b");
    const second = outbox(storage, "vis_1", () => 1);
    second.add("", "c");
    expect(texts(second)).toEqual(["a", "b", "c"]);
  });

  test("tabs do not overwrite each other's entries", () => {
    const storage = new MemoryStorage();
    const [one, two] = [outbox(storage), outbox(storage)];
    one.add("", "a");
    two.add("", "b");
    one.remove(one.entries()[0]?.id ?? "");
    expect(texts(two)).toEqual(["b"]);
  });

  test("a refused entry holds up nobody and goes to the end when retried", () => {
    const box = outbox();
    const refused = box.add("", "a");
    box.add("", "b");
    box.refuse(refused.id, "FIELD_INVALID");
    expect(box.next()?.text).toBe("b");
    box.retry(refused.id);
    expect(texts(box)).toEqual(["b", "a"]);
    expect(box.entries()[1]).toMatchObject({ id: refused.id, refusal: null });
  });

  test("visitors do not see each other's entries", () => {
    const storage = new MemoryStorage();
    outbox(storage, "vis_1").add("", "secret");
    expect(texts(outbox(storage, "vis_2"))).toEqual([]);
  });

  test("carries entries over to the visitor's new name, ids and order kept", () => {
    const box = outbox();
    const ids = ["a", "b"].map((text) => box.add("", text).id);
    box.switchVisitor("vis_2", true);
    expect(box.entries().map(({ id }) => id)).toEqual(ids);
    box.switchVisitor("vis_3", false);
    expect(box.entries()).toEqual([]);
  });

  test("skips what is no entry", () => {
    const storage = new MemoryStorage();
    storage.set("beseda:och_1:vis_1:outbox:0000000000000001:x", "{broken");
    storage.set("beseda:och_1:vis_1:outbox:0000000000000002:y", '{"id":1}');
    expect(outbox(storage).entries()).toEqual([]);
  });
});

test("storage that is full keeps the rest in memory", () => {
  vi.spyOn(Storage.prototype, "setItem").mockImplementation(() => {
    throw new DOMException("full", "QuotaExceededError");
  });
  const storage = new SafeStorage();
  const box = new Outbox(storage, "och_1", "vis_1", () => undefined);
  box.add("", "a");
  box.add("", "b");
  expect(texts(box)).toEqual(["a", "b"]);
});
