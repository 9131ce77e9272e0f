import { afterEach, expect, test, vi } from "vitest";
import { exclusively } from "../src/app/locks";

type Request = (name: string, task: () => Promise<unknown>) => Promise<unknown>;

function locks(request: Request): void {
  vi.stubGlobal("navigator", { locks: { request } });
}

afterEach(() => vi.unstubAllGlobals());

test("a task runs once under its lock and its answer comes back", async () => {
  const task = vi.fn(async () => 5);
  locks((_, run) => run());
  expect(await exclusively("name", task)).toBe(5);
  expect(task).toHaveBeenCalledOnce();
});

test("a task runs without a lock where the browser refuses one", async () => {
  locks(() => Promise.reject(new DOMException("denied", "SecurityError")));
  expect(await exclusively("name", async () => 5)).toBe(5);
});

test("a task that fails is not run again", async () => {
  const task = vi.fn(async () => {
    throw new Error("no");
  });
  locks((_, run) => run());
  await expect(exclusively("name", task)).rejects.toThrow("no");
  expect(task).toHaveBeenCalledOnce();
});
