import { expect, test } from "bun:test";
import * as limits from "../../src/base/limits.ts";
import * as page from "../../src/base/limits-page.ts";

test("no bound has two homes", () => {
  expect(Object.keys(page).filter((name) => name in limits)).toEqual([]);
});

test("bounds that depend on each other fit together", () => {
  const listed = [page.CLIENTS_PAGE_MAX, page.TRANSFERS_LISTED_MAX];
  for (const entries of listed) expect(entries).toBeLessThan(limits.ENTRIES_MAX);
  expect(page.SHOWN_ITEMS_KEPT).toBeLessThan(page.SHOWN_ITEMS_MAX);
  expect(page.SHOWN_PAGE_RECORDS).toBeLessThanOrEqual(limits.PAGE_RECORDS_MAX);
  expect(page.SHOWN_PAGE_RECORDS).toBeLessThan(page.SHOWN_ITEMS_KEPT);
  expect(page.PAGE_UPLOADS_AT_ONCE).toBeLessThan(page.PAGE_UPLOADS_MAX);
  expect(page.PAGE_DOWNLOADS_KEPT_MAX).toBeLessThanOrEqual(page.PAGE_UPLOADS_MAX);
  expect(page.DOWNLOAD_NOTE_KEEP_MS).toBe(limits.UPLOAD_KEEP_MS);
  expect(page.PAGE_UPLOADS_AT_ONCE).toBeLessThan(limits.LANES_PER_SESSION_MAX);
  expect(page.DOWNLOADS_AT_ONCE_MAX).toBeLessThan(page.DOWNLOADS_PER_SESSION_MAX);
  // A window and as much again fits between two links, and an event into its queue.
  expect(page.PASSED_BYTES_MAX).toBe(2 * limits.TRANSFER_WINDOW_BYTES_MAX);
  expect(page.EVENTS_QUEUED_BYTES_MAX).toBeLessThan(limits.SEND_QUEUE_BYTES_MAX);
});

/** Of one subscription in the file, beside its endpoint: ids, keys and the names of fields. */
const FIELDS_BYTES = 320;

test("all subscriptions fit their file, and one account does not fill it", () => {
  const longest = page.PUSH_ENDPOINT_BYTES_MAX + FIELDS_BYTES;
  expect(page.PUSH_SUBSCRIPTIONS_MAX * longest).toBeLessThan(page.PUSH_FILE_BYTES_MAX);
  expect(page.PUSH_DEVICES_MAX).toBeLessThan(page.PUSH_SUBSCRIPTIONS_MAX / 100);
});

test("a push is over before the next one of its room, and one account is not all of them", () => {
  expect(page.PUSH_WITHIN_MS + page.PUSH_GATHER_MS).toBeLessThan(page.PUSH_ROOM_EVERY_MS);
  expect(page.PUSH_ACCOUNT_AT_ONCE).toBeLessThan(page.PUSH_AT_ONCE);
  expect(page.PUSH_LOOK_EVERY_MS).toBeLessThan(page.PUSH_WATCH_MS);
});
