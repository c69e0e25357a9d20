import { expect, test } from "bun:test";
import * as limits from "../../src/base/limits.ts";
import * as cluster from "../../src/base/limits-cluster.ts";
import * as page from "../../src/base/limits-page.ts";
import * as sealed from "../../src/base/limits-sealed.ts";

test("limits that depend on each other are consistent", () => {
  expect(limits.TEXT_BYTES_MAX * 6).toBeLessThan(limits.LINE_BYTES_MAX);
  expect(limits.LINE_BYTES_MAX).toBeLessThan(limits.MESSAGE_BYTES_MAX);
  expect(limits.PAGE_BYTES_MAX).toBeLessThan(limits.MESSAGE_BYTES_MAX);
  expect(limits.PAGE_RECORDS_MAX).toBeLessThan(limits.ENTRIES_MAX);
  expect(limits.OUTBOX_IN_FLIGHT_MAX).toBeLessThan(limits.REQUESTS_IN_FLIGHT_MAX);
  expect(limits.BATCH_BYTES_MAX).toBeLessThan(limits.SEND_QUEUE_BYTES_MAX);
  expect(limits.IGNORED_MAX).toBeLessThan(limits.ENTRIES_MAX);
  expect(limits.PASSWORD_BYTES_MAX).toBeLessThan(limits.MESSAGE_BEFORE_LOGIN_BYTES_MAX / 2);
  expect(limits.CHUNK_BYTES).toBeLessThan(limits.MESSAGE_BYTES_MAX - 4096);
  expect(limits.CHUNK_BYTES).toBeGreaterThan(limits.MESSAGE_BEFORE_LOGIN_BYTES_MAX);
  expect(limits.TRANSFER_WINDOW_FIRST_BYTES).toBeGreaterThanOrEqual(4 * limits.CHUNK_BYTES);
  expect(limits.TRANSFER_WINDOW_BYTES_MAX).toBeGreaterThan(limits.TRANSFER_WINDOW_FIRST_BYTES);
  expect(limits.TRANSFERS_BYTES_MAX).toBeGreaterThan(limits.TRANSFER_WINDOW_BYTES_MAX);
  expect(limits.TRANSFER_SYNC_BYTES % limits.CHUNK_BYTES).toBe(0);
  expect(limits.FILE_BYTES_MAX % limits.CHUNK_BYTES).toBe(0);
  expect(limits.FILE_BYTES_MAX).toBeLessThan(Number.MAX_SAFE_INTEGER);
  expect(limits.FILE_TARGETS_MAX).toBeLessThan(limits.ENTRIES_MAX);
  expect(limits.DATA_CHANNELS_PER_SESSION_MAX).toBeLessThanOrEqual(
    limits.DATA_CHANNELS_PER_ACCOUNT_MAX,
  );
});

/** Size of one subscription in the file besides its endpoint: ids, keys and field names. */
const FIELDS_BYTES = 320;

test("all subscriptions fit in their file, and one account cannot fill it", () => {
  const longest = page.PUSH_ENDPOINT_BYTES_MAX + FIELDS_BYTES;
  expect(page.PUSH_SUBSCRIPTIONS_MAX * longest).toBeLessThan(page.PUSH_FILE_BYTES_MAX);
  expect(page.PUSH_DEVICES_MAX).toBeLessThan(page.PUSH_SUBSCRIPTIONS_MAX / 100);
});

test("the longest commit fits in one line of the log and one message", () => {
  const base64 = (sizeBytes: number) => Math.ceil((sizeBytes * 4) / 3);
  const devices = 2 * sealed.GROUP_DEVICES_MAX * 80;
  const bytes = sealed.GROUP_COMMIT_BYTES_MAX + sealed.GROUP_WELCOME_BYTES_MAX;
  expect(base64(bytes) + devices).toBeLessThan(limits.LINE_BYTES_MAX - 4_096);
  expect(bytes + sealed.GROUP_INFO_BYTES_MAX + devices).toBeLessThan(limits.MESSAGE_BYTES_MAX);
});

test("the longest sealed message fits in one line of the log and contains the longest text", () => {
  const base64 = Math.ceil((sealed.SEALED_BYTES_MAX * 4) / 3);
  expect(base64).toBeLessThan(limits.LINE_BYTES_MAX - 4_096);
  // Content is padded to the next power of two, in addition to its frame.
  expect(sealed.SEALED_BYTES_MAX).toBeGreaterThan(2 * limits.TEXT_BYTES_MAX + 4_096);
});

test("all key packages of a device fit in one message", () => {
  const bytes = sealed.KEY_PACKAGES_MAX * sealed.KEY_PACKAGE_BYTES_MAX;
  expect(bytes).toBeLessThan(limits.MESSAGE_BYTES_MAX);
  const taken = limits.DEVICES_PER_ACCOUNT_MAX * sealed.KEY_PACKAGE_BYTES_MAX;
  expect(taken).toBeLessThan(limits.MESSAGE_BYTES_MAX);
});

test("the longest body fits in one message with any escapes", () => {
  expect(sealed.SEALED_BODY_BYTES_MAX).toBeGreaterThan(6 * limits.TEXT_BYTES_MAX);
  expect(2 ** Math.ceil(Math.log2(sealed.SEALED_BODY_BYTES_MAX))).toBeLessThan(
    sealed.SEALED_BYTES_MAX,
  );
});

test("the largest file has fewer chunks than the counter can number", () => {
  const chunks = limits.FILE_BYTES_MAX / limits.CHUNK_BYTES;
  expect(chunks).toBeLessThan(sealed.SEALED_FILE_CHUNKS_MAX);
});

/** Default maximum of nats-server. */
const NATS_MESSAGE_BYTES_MAX = 1 << 20;
const FRAME_BYTES_MAX = 1024;
const USER_BYTES = 14;

test("fits one NATS message", () => {
  const longest = Math.max(cluster.CLUSTER_MESSAGE_BYTES_MAX, cluster.CLUSTER_DECISION_BYTES_MAX);
  expect(longest + FRAME_BYTES_MAX).toBeLessThan(NATS_MESSAGE_BYTES_MAX);
  expect(cluster.SIBLING_ONLINE_MAX * USER_BYTES).toBeLessThan(NATS_MESSAGE_BYTES_MAX);
});
