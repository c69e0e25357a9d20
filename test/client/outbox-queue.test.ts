import { expect, test } from "bun:test";
import { Fault } from "../../src/base/fault.ts";
import type { Connection } from "../../src/client/link/connection.ts";
import { OutboxQueue, type OutboxQueueStore } from "../../src/client/outbox-queue.ts";
import type { PostToSeal } from "../../src/client/sealed/sealing.ts";
import { systemEntropy } from "../../src/io/entropy.ts";
import type { PostBody, RequestFields } from "../../src/wire/messages.ts";
import { VirtualClock } from "./virtual-clock.ts";

/** Posts of three ended sessions to one encrypted room. */
const OUTBOXES = ["first", "second", "third"].map((text, at) => {
  const body = JSON.stringify({ text });
  return { id: `outbox${at}`, posts: [{ counter: 1, target: "vault", body, createdUnixMs: 2e12 }] };
});

test("posts of several earlier sessions that waited for an admin are sent in order", async () => {
  const clock = new VirtualClock();
  let isWaiting = true;
  const fault = new Fault("admin-pending", "an admin must come");
  let sealings = 0;
  const seal = async (posts: readonly PostToSeal[]): Promise<(PostBody | Fault)[]> => {
    // Different delays, so that the outboxes retry at different times.
    await new Promise<void>((resolve) => clock.after(100 * ++sealings, resolve));
    return posts.map(({ body }) => (isWaiting ? fault : body));
  };
  const store: OutboxQueueStore = {
    adopt: () => OUTBOXES,
    write: () => undefined,
    release: () => undefined,
  };
  const sealing = {
    seal,
    pinsStored: () => undefined,
    encryptQueued: (_: unknown, post: Parameters<OutboxQueueStore["write"]>[1]["added"][0]) => post,
    decryptQueued: () => undefined,
  };
  const emit = () => undefined;
  const queue = new OutboxQueue({ clock, entropy: systemEntropy(), store, emit, sealing });
  await queue.open({ fingerprint: "server", user: "ana" }, true);
  const sent: string[] = [];
  const requestThen = (_: string, { body }: RequestFields<"post">, then: (of: unknown) => void) => {
    // An empty post asks whether the server has recorded the counter.
    if (body.text === "")
      return then({ kind: "refused", fault: new Fault("not-found", "no text") });
    sent.push(body.text);
    return then({ kind: "answered", answer: { seq: sent.length } });
  };
  queue.connected({ isClosed: false, requestThen } as unknown as Connection);
  await clock.advance(7_000);
  expect(sent).toEqual([]);
  isWaiting = false;
  await clock.advance(10_000);
  expect(sent).toEqual(["first", "second", "third"]);
  expect(queue.size).toBe(0);
});
