import { expect, test } from "bun:test";
import { utf8Encode } from "../../src/base/bytes.ts";
import { CODE_MESSAGE_BYTES_MAX } from "../../src/base/limits.ts";
import { CodeGuest, CodeHost } from "../../src/crypto/code-exchange.ts";
import { systemEntropy } from "../../src/io/entropy.ts";
import { parseShortCode } from "../../src/wire/short-code.ts";
import { faultCode } from "../fault-code.ts";

const random = systemEntropy();
const [REQUEST, ANSWER] = ["request", "chat://192.0.2.7:40123/?fp=x#secret"].map(utf8Encode);
const NOTHING = new Uint8Array(0);

function parameters(text = "7-tiger-canoe", purpose = "share") {
  return { code: parseShortCode(text), channel: utf8Encode(purpose), random };
}

function meet(typed = parameters(), request = REQUEST ?? NOTHING) {
  const guest = new CodeGuest(typed);
  const host = new CodeHost(parameters(), guest.share);
  return { guest, host, confirmation: guest.confirm(host.share, request) };
}

test("carries a request and its answer between two devices that know the code", () => {
  const { guest, host, confirmation } = meet();
  expect(host.accepts(confirmation)).toBe(true);
  expect(host.request(confirmation)).toEqual(REQUEST);
  const answer = host.answer(ANSWER ?? NOTHING);
  expect(guest.open(answer)).toEqual(ANSWER ?? NOTHING);
  const all = [guest.share, host.share, confirmation, answer].map((bytes) => utf8Decoded(bytes));
  for (const secret of ["tiger", "request", "chat://"]) expect(all.join()).not.toContain(secret);
});

const utf8Decoded = (bytes: Uint8Array) => Buffer.from(bytes).toString("latin1");

test("the longest invite fits into a message", () => {
  const { host } = meet();
  const invite = new Uint8Array(CODE_MESSAGE_BYTES_MAX - 16);
  expect(host.answer(invite)).toHaveLength(CODE_MESSAGE_BYTES_MAX);
});

test.each([
  ["7-tiger-camera", "share"],
  ["7-tomato-canoe", "share"],
  ["8-tiger-canoe", "share"],
  ["7-canoe-tiger", "share"],
  ["7-tiger-canoe", "link"],
] as const)("the host does not accept %p to %p", (text, purpose) => {
  const { host, confirmation } = meet(parameters(text, purpose));
  expect(host.accepts(confirmation)).toBe(false);
  expect(host.request(confirmation)).toBeUndefined();
});

test("detects one changed bit of any message", () => {
  const { guest, host, confirmation } = meet();
  for (let i = 0; i < confirmation.length; i++) {
    const changed = confirmation.with(i, (confirmation[i] ?? 0) ^ 1) as Uint8Array;
    const isRejected = !host.accepts(changed) || host.request(changed) === undefined;
    expect([i, isRejected]).toEqual([i, true]);
  }
  for (const other of [NOTHING, confirmation.subarray(1), guest.share, host.share]) {
    expect(host.accepts(other)).toBe(false);
  }
  const answer = host.answer(ANSWER ?? NOTHING);
  for (let i = 0; i < answer.length; i++) {
    const changed = answer.with(i, (answer[i] ?? 0) ^ 1) as Uint8Array;
    expect(faultCode(() => guest.open(changed))).toBe("checksum-wrong");
  }
  for (const other of [NOTHING, confirmation, confirmation.subarray(64)]) {
    expect(faultCode(() => guest.open(other))).toBe("checksum-wrong");
  }
});

test("a relay that reflects a share, or repeats an earlier exchange, learns nothing", () => {
  const guest = new CodeGuest(parameters());
  const reflected = guest.confirm(guest.share, NOTHING);
  expect(new CodeHost(parameters(), guest.share).accepts(reflected)).toBe(false);
  const earlier = meet();
  const repeated = new CodeHost(parameters(), earlier.guest.share);
  expect(repeated.accepts(earlier.confirmation)).toBe(false);
});

test("rejects invalid shares", () => {
  for (const share of [NOTHING, new Uint8Array(32), new Uint8Array(32).fill(0xff)]) {
    expect(faultCode(() => new CodeHost(parameters(), share))).toBe("frame-malformed");
    const confirm = () => new CodeGuest(parameters()).confirm(share, NOTHING);
    expect(faultCode(confirm)).toBe("frame-malformed");
  }
});
