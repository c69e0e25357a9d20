import { expect, test } from "bun:test";
import {
  CLUSTER_DECISION_BYTES_MAX,
  CLUSTER_MESSAGE_BYTES_MAX,
  CLUSTER_STALLED_MS,
  CLUSTER_WITHIN_MS,
  SIBLING_FORGET_MS,
  SIBLING_ONLINE_MAX,
  SIBLING_TELL_EVERY_MS,
} from "../../src/base/limits-cluster.ts";

/** What nats-server takes as it comes. */
const NATS_MESSAGE_BYTES_MAX = 1 << 20;
/** Around what is decided. */
const FRAME_BYTES_MAX = 1024;
/** An id of a user in MessagePack. */
const USER_BYTES = 14;

test("what is told fits one message of NATS", () => {
  const longest = Math.max(CLUSTER_MESSAGE_BYTES_MAX, CLUSTER_DECISION_BYTES_MAX);
  expect(longest + FRAME_BYTES_MAX).toBeLessThan(NATS_MESSAGE_BYTES_MAX);
  expect(SIBLING_ONLINE_MAX * USER_BYTES).toBeLessThan(NATS_MESSAGE_BYTES_MAX);
});

test("nobody is given up for one message that was lost", () => {
  expect(SIBLING_FORGET_MS).toBeGreaterThan(3 * SIBLING_TELL_EVERY_MS);
  expect(CLUSTER_WITHIN_MS).toBeGreaterThan(CLUSTER_STALLED_MS);
});
