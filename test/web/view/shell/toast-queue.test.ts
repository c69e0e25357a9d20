import { expect, test } from "bun:test";
import { ToastQueue } from "../../../../src/web/view/shell/toast-queue.ts";
import { VirtualClock } from "../../../client/virtual-clock.ts";

function opened() {
  const clock = new VirtualClock();
  const toasts = new ToastQueue(clock);
  const texts = () => toasts.toasts.map(({ text }) => text);
  return { clock, toasts, texts };
}

test("expires toasts, longer texts later", async () => {
  const { clock, toasts, texts } = opened();
  toasts.show("Copied", false);
  toasts.show("The server did not answer in time. ".repeat(3), true);
  await clock.advance(4_000);
  expect(texts()).toHaveLength(2);
  await clock.advance(1_000);
  expect(texts()).toHaveLength(1);
  await clock.advance(10_000);
  expect(texts()).toEqual([]);
  expect(clock.pendingTimers).toBe(0);
});

test("expires nothing while paused, and resumes the remaining time", async () => {
  const { clock, toasts, texts } = opened();
  toasts.show("Copied", false);
  await clock.advance(4_000);
  toasts.pause(true);
  await clock.advance(60_000);
  expect(texts()).toEqual(["Copied"]);
  expect(clock.pendingTimers).toBe(0);
  toasts.pause(false);
  toasts.pause(false);
  await clock.advance(300);
  expect(texts()).toEqual(["Copied"]);
  await clock.advance(1_000);
  expect(texts()).toEqual([]);
});

test("shows at most the four newest toasts, each text once", () => {
  const { toasts, texts } = opened();
  for (const text of ["a", "b", "c", "d", "e", "b"]) toasts.show(text, true);
  expect(texts()).toEqual(["c", "d", "e", "b"]);
  toasts.dismiss(toasts.toasts[0]?.id ?? 0);
  toasts.dismiss(99);
  expect(texts()).toEqual(["d", "e", "b"]);
});

test("shows toasts in the newest container of the highest level", () => {
  const { toasts } = opened();
  const [page, dialog, other] = [
    { level: "page" },
    { level: "dialog" },
    { level: "dialog" },
  ] as const;
  const [, , close] = [dialog, page, other].map((container) => toasts.addContainer(container));
  expect(toasts.container).toBe(other);
  close?.();
  expect(toasts.container).toBe(dialog);
});
