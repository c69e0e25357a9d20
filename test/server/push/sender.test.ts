import { expect, test } from "bun:test";
import { Fault } from "../../../src/base/fault.ts";
import type { UserId } from "../../../src/base/ids.ts";
import {
  CONCURRENT_PUSHES_MAX,
  PUSH_FAILURES_MAX,
  PUSH_QUEUE_MAX,
  PUSH_RETRY_FIRST_MS,
  PUSH_RETRY_MS_MAX,
  PUSH_TRIES_MAX,
  PUSHES_PER_ACCOUNT_MAX,
} from "../../../src/base/limits-page.ts";
import { type PushAnswer, PushSender } from "../../../src/server/push/sender.ts";
import type { Subscription } from "../../../src/server/push/subscriptions.ts";
import { VirtualClock } from "../../client/virtual-clock.ts";
import { FakePushService, ok } from "./push-service.ts";

function to(device: string, user = device): Subscription {
  const endpoint = `https://push.example.org/${device}`;
  return { user: user as UserId, device, endpoint, key: "k", auth: "a" };
}

class Lab {
  readonly clock = new VirtualClock();
  readonly push = new FakePushService();
  readonly gone: string[] = [];
  readonly warnings: Fault[] = [];
  readonly sender = new PushSender({
    clock: this.clock,
    delivery: this.push,
    isCurrent: ({ device }) => !this.gone.includes(device),
    onExpired: ({ device }) => this.gone.push(device),
    warn: (fault) => this.warnings.push(fault),
  });

  async add(device: string, text = "text", topic = "topic", user = device): Promise<void> {
    this.sender.add(to(device, user), { text: () => text, topic });
    await this.clock.advance(0);
  }

  get texts(): string[] {
    return this.push.came.map(({ text }) => text);
  }
}

test("retries a failed push a few times with a growing delay", async () => {
  for (const trouble of [ok(503), ok(429), new Fault("unreachable", "no network")]) {
    const lab = new Lab();
    lab.push.answer = () => trouble;
    await lab.add("one");
    expect(lab.texts).toHaveLength(1);
    await lab.clock.advance(PUSH_RETRY_FIRST_MS - 1);
    expect(lab.texts).toHaveLength(1);
    await lab.clock.advance(1);
    expect(lab.texts).toHaveLength(2);
    await lab.clock.advance(20 * PUSH_RETRY_FIRST_MS);
    expect(lab.texts).toHaveLength(PUSH_TRIES_MAX);
    expect(lab.warnings).toHaveLength(1);
    expect(lab.warnings[0]?.message).toStartWith("a push to push.example.org failed: ");
  }
});

test("waits as long as the push service requests, up to a limit", async () => {
  const lab = new Lab();
  const later = new Date(lab.clock.unixMs() + 90_000).toUTCString();
  for (const [retryAfter, waitMs] of [
    ["60", 60_000],
    [later, 90_000],
    ["soon", PUSH_RETRY_FIRST_MS],
    ["-5", PUSH_RETRY_FIRST_MS],
  ] as const) {
    const one = new Lab();
    one.push.answer = () => ok(429, retryAfter);
    await one.add("one");
    await one.clock.advance(waitMs - 1_100);
    expect(one.texts).toHaveLength(1);
    one.push.answer = () => ok(201);
    await one.clock.advance(1_100);
    expect([retryAfter, one.texts.length]).toEqual([retryAfter, 2]);
  }
  lab.push.answer = () => ok(503, String(PUSH_RETRY_MS_MAX / 1_000 + 1));
  await lab.add("one");
  await lab.clock.advance(2 * PUSH_RETRY_MS_MAX);
  expect(lab.texts).toHaveLength(1);
});

test("does not retry a push that was refused", async () => {
  const refusals = [ok(400), ok(301), ok(403), ok(413), new Fault("not-allowed", "private")];
  for (const refusal of refusals) {
    const lab = new Lab();
    lab.push.answer = () => refusal;
    await lab.add("one");
    await lab.clock.advance(10 * PUSH_RETRY_FIRST_MS);
    expect(lab.texts).toHaveLength(1);
    expect(lab.gone).toEqual([]);
  }
});

test("drops a subscription that ended or always fails", async () => {
  const lab = new Lab();
  lab.push.answer = () => ok(410);
  await lab.add("one");
  expect(lab.gone).toEqual(["one"]);
  lab.push.answer = () => ok(400);
  for (let i = 0; i < PUSH_FAILURES_MAX - 1; i++) await lab.add("two", "t", `topic ${i}`);
  lab.push.answer = () => ok(201);
  await lab.add("two", "t", "once it did");
  lab.push.answer = () => ok(400);
  for (let i = 0; i < PUSH_FAILURES_MAX - 1; i++) await lab.add("two", "t", `topic ${i}`);
  expect(lab.gone).toEqual(["one"]);
  await lab.add("two");
  expect(lab.gone).toEqual(["one", "two"]);
  expect(lab.warnings).toHaveLength(1);
});

test("replaces a queued push with a newer one of the same topic", async () => {
  const lab = new Lab();
  lab.push.answer = () => ok(503);
  await lab.add("one", "first");
  lab.push.answer = () => ok(201);
  await lab.add("one", "second");
  await lab.clock.advance(PUSH_RETRY_FIRST_MS);
  expect(lab.texts).toEqual(["first", "second"]);
  const slow = Promise.withResolvers<PushAnswer>();
  lab.push.answer = () => slow.promise;
  await lab.add("one", "third");
  lab.push.answer = () => ok(201);
  await lab.add("one", "fourth");
  slow.resolve(ok(503));
  await lab.clock.advance(PUSH_RETRY_FIRST_MS * 20);
  expect(lab.texts.filter((text) => text === "fourth")).toHaveLength(1);
});

test("limits simultaneous pushes per account and in total", async () => {
  const lab = new Lab();
  lab.push.answer = () => new Promise(() => undefined);
  for (let i = 0; i < 10; i++) await lab.add(`eve ${i}`, "text", "topic", "eve");
  expect(lab.texts).toHaveLength(PUSHES_PER_ACCOUNT_MAX);
  for (let i = 0; i < 2 * CONCURRENT_PUSHES_MAX; i++) await lab.add(`device ${i}`);
  expect(lab.texts).toHaveLength(CONCURRENT_PUSHES_MAX);
});

test("limits queued pushes, and drops them when it stops", async () => {
  const lab = new Lab();
  const slow = Promise.withResolvers<PushAnswer>();
  lab.push.answer = () => slow.promise;
  for (let i = 0; i < CONCURRENT_PUSHES_MAX + PUSH_QUEUE_MAX + 5; i++) {
    lab.sender.add(to(`device ${i}`), { text: () => String(i), topic: "topic" });
  }
  await lab.clock.advance(0);
  lab.push.answer = () => ok(201);
  slow.resolve(ok(201));
  await lab.clock.advance(1);
  expect(lab.texts).toHaveLength(CONCURRENT_PUSHES_MAX + PUSH_QUEUE_MAX);
  expect(lab.texts).not.toContain(String(CONCURRENT_PUSHES_MAX));
  lab.push.answer = () => ok(503);
  await lab.add("one");
  const before = lab.texts.length;
  lab.sender.stop();
  await lab.add("one");
  await lab.clock.advance(PUSH_RETRY_MS_MAX);
  expect(lab.texts).toHaveLength(before);
});
