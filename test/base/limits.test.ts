import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as limits from "../../src/base/limits.ts";
import * as pageLimits from "../../src/base/limits-page.ts";
import * as screenLimits from "../../src/base/limits-screen.ts";
import { sourceOf } from "../tidy/source.ts";

const TESTS = join(import.meta.dir, "..");

/** No client can push against these, or no test can bring what pushes. */
const INTERNAL: Readonly<Record<string, string>> = {
  PUSH_WITHIN_MS: "a deadline of ten seconds; a test gives a shorter one",
  SEGMENT_BYTES_MAX: "when the log begins a new file; tests of the log bring their own size",
  BATCH_BYTES_MAX: "how much of the queue goes to the disk at once",
  BATCH_SYNC_BYTES_MAX: "which writes leave the event loop",
  FREE_BYTES_MIN: "the default of a setting; tests of the quotas bring their own size",
  CONTROL_FRAMES_PER_SECOND: "how fast a burst of pings is forgiven; a test sends the burst",
  GOODBYE_WITHIN_MS: "how long a server that stops waits for its own goodbye",
  CHECKED_ADDRESSES_MAX: "a name with more addresses needs a name server of the test's own",
  UDP_ADDRESSES_MAX: "a name with more addresses needs a name server of the test's own",
};

/** Where a test pushes, and what it measures is not the bound itself: its file and name. */
const MEASURED: Readonly<Record<string, readonly [string, string]>> = {
  READ_PAGE_BYTES_MAX: [
    "server/http/read-api.test.ts",
    "long texts come in pieces of a page's bytes",
  ],
  UDP_QUEUE_BYTES: [
    "io/quic-bounds.test.ts",
    "what QUIC takes and cannot send is UDP_QUEUE_BYTES at most, and a window",
  ],
  UDP_RECEIVE_BUFFER_BYTES: [
    "io/quic/udp-socket.test.ts",
    "raises the receive buffer, as far as the system allows",
  ],
};

const all = Object.keys({ ...limits, ...pageLimits, ...screenLimits });

/** The index behind the bracket that closes the one at `open`. */
function behind(code: string, open: number): number {
  let depth = 0;
  for (let at = open; at < code.length; at++) {
    if (code[at] === "(") depth++;
    else if (code[at] === ")" && --depth === 0) return at + 1;
  }
  return code.length;
}

/** Matchers that hold at one value alone. */
const EXACT = /^(?:toBe|toEqual|toHaveLength|toMatchObject)$/;

/**
 * The code without imports, without expectations on constants alone, and without what inexact
 * matchers compare with: a bound that is left builds an input or is an exact result.
 */
function pushing(text: string): string {
  let code = sourceOf("a.ts", text).code.replaceAll(/^import\b[^;]*;/gm, "");
  for (let at = code.indexOf("expect("); at >= 0; at = code.indexOf("expect(", at + 1)) {
    const end = behind(code, at + "expect".length);
    const isConstant = !/[a-z]/.test(
      code.slice(at + "expect(".length, end).replaceAll(/[A-Z][A-Z_]*\.\w+/g, ""),
    );
    const matcher = /^\s*(?:\.not)?\s*\.(to[A-Z]\w*)\(/.exec(code.slice(end));
    if (matcher === null) continue;
    const open = end + matcher[0].length - 1;
    const rest = code.slice(behind(code, open));
    if (isConstant) code = code.slice(0, at) + rest;
    else if (!EXACT.test(matcher[1] ?? "")) code = code.slice(0, open) + rest;
  }
  return code;
}

const named = (limit: string, code: string) => new RegExp(`\\b${limit}\\b`).test(code);

test.each([
  ["an import", 'import { A_MAX } from "./a.ts";', false],
  ["a comment and a name", 'test("A_MAX", () => {}); // A_MAX', false],
  ["a comparison of constants", "expect(2 * A_MAX).toBeLessThan(B_MAX);", false],
  ["a constant of a table", "expect(DEFAULTS.size).toBe(A_MAX);", false],
  ["an inequality", "expect(sizeOf(it)).toBeLessThanOrEqual(A_MAX);", false],
  ["an input", 'post("x".repeat(A_MAX + 1));', true],
  ["an input inside an expectation", "expect(codeOf(() => check(A_MAX + 1))).toBe(1);", true],
  ["a loop", "for (let i = 0; i < A_MAX; i++) add(i);", true],
  ["an exact result", "expect(room.size).toBe(A_MAX);", true],
])("%s pushes against a bound, or does not", (_, text, isPush) => {
  expect(named("A_MAX", pushing(text))).toBe(isPush);
});

test("a test pushes against every bound, or nothing can", () => {
  const files = readdirSync(TESTS, { recursive: true, encoding: "utf8" }).filter(
    (path) =>
      path.endsWith(".test.ts") &&
      !/(?:base\/limits(?:-page|-screen)?|-document|docs)\.test\.ts$/.test(path),
  );
  const codes = files.map((path) => pushing(readFileSync(join(TESTS, path), "utf8")));
  const free = all.filter((limit) => !codes.some((code) => named(limit, code)));
  expect(free.toSorted()).toEqual([...Object.keys(INTERNAL), ...Object.keys(MEASURED)].toSorted());
});

test.each(Object.entries(MEASURED))("%s is measured by a test", (limit, [path, name]) => {
  const text = readFileSync(join(TESTS, path), "utf8");
  expect(text).toContain(`test("${name}`);
  expect(named(limit, sourceOf(path, text).code)).toBe(true);
});

test("bounds that depend on each other fit together", () => {
  expect(limits.TEXT_BYTES_MAX * 6).toBeLessThan(limits.LINE_BYTES_MAX);
  expect(limits.LINE_BYTES_MAX).toBeLessThan(limits.MESSAGE_BYTES_MAX);
  expect(limits.PAGE_BYTES_MAX).toBeLessThan(limits.MESSAGE_BYTES_MAX);
  expect(limits.PAGE_RECORDS_MAX).toBeLessThan(limits.ENTRIES_MAX);
  expect(limits.OUTBOX_IN_FLIGHT_MAX).toBeLessThan(limits.REQUESTS_IN_FLIGHT_MAX);
  expect(limits.BATCH_BYTES_MAX).toBeLessThan(limits.SEND_QUEUE_BYTES_MAX);
  expect(limits.IGNORED_MAX).toBeLessThan(limits.ENTRIES_MAX);
  expect(limits.PASSWORD_BYTES_MAX).toBeLessThan(limits.MESSAGE_BEFORE_LOGIN_BYTES_MAX / 2);
  // Files: a chunk with its header is a message, and a window holds several.
  expect(limits.CHUNK_BYTES).toBeLessThan(limits.MESSAGE_BYTES_MAX - 4096);
  expect(limits.CHUNK_BYTES).toBeGreaterThan(limits.MESSAGE_BEFORE_LOGIN_BYTES_MAX);
  expect(limits.TRANSFER_WINDOW_FIRST_BYTES).toBeGreaterThanOrEqual(4 * limits.CHUNK_BYTES);
  expect(limits.TRANSFER_WINDOW_BYTES_MAX).toBeGreaterThan(limits.TRANSFER_WINDOW_FIRST_BYTES);
  expect(limits.TRANSFERS_BYTES_MAX).toBeGreaterThan(limits.TRANSFER_WINDOW_BYTES_MAX);
  expect(limits.TRANSFER_SYNC_BYTES % limits.CHUNK_BYTES).toBe(0);
  expect(limits.FILE_BYTES_MAX % limits.CHUNK_BYTES).toBe(0);
  expect(limits.FILE_BYTES_MAX).toBeLessThan(Number.MAX_SAFE_INTEGER);
  expect(limits.FILE_TARGETS_MAX).toBeLessThan(limits.ENTRIES_MAX);
  expect(limits.LANES_PER_SESSION_MAX).toBeLessThanOrEqual(limits.LANES_PER_ACCOUNT_MAX);
});
