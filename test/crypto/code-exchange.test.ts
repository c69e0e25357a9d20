import { expect, test } from "bun:test";
import { utf8Encode } from "../../src/base/bytes.ts";
import { CODE_MESSAGE_BYTES_MAX } from "../../src/base/limits.ts";
import { CodeGuest, CodeHost, type CodePurpose } from "../../src/crypto/code-exchange.ts";
import { systemEntropy } from "../../src/io/entropy.ts";
import { parseShortCode } from "../../src/wire/short-code.ts";
import { faultCode } from "../fault-code.ts";
import { rejection } from "../rejection.ts";

const random = systemEntropy();
const [REQUEST, ANSWER] = ["request", "chat://192.0.2.7:40123/?fp=x#secret"].map(utf8Encode);
const NOTHING = new Uint8Array(0);

function parameters(text = "7-tiger-canoe", purpose: CodePurpose = "share") {
  return { code: parseShortCode(text), purpose, random };
}

async function meet(typed = parameters(), request = REQUEST ?? NOTHING) {
  const guest = new CodeGuest(typed);
  const host = new CodeHost(parameters(), guest.share);
  return { guest, host, confirmation: await guest.confirm(host.share, request) };
}

test("carries a request and its answer between two devices that know the code", async () => {
  const { guest, host, confirmation } = await meet();
  expect(host.accepts(confirmation)).toBe(true);
  expect(await host.request(confirmation)).toEqual(REQUEST);
  const answer = await host.answer(ANSWER ?? NOTHING);
  expect(await guest.open(answer)).toEqual(ANSWER ?? NOTHING);
  const all = [guest.share, host.share, confirmation, answer].map((bytes) => utf8Decoded(bytes));
  for (const secret of ["tiger", "request", "chat://"]) expect(all.join()).not.toContain(secret);
});

const utf8Decoded = (bytes: Uint8Array) => Buffer.from(bytes).toString("latin1");

test("the longest invite fits into a message", async () => {
  const { host } = await meet();
  const invite = new Uint8Array(CODE_MESSAGE_BYTES_MAX - 16);
  expect(await host.answer(invite)).toHaveLength(CODE_MESSAGE_BYTES_MAX);
});

test.each([
  ["7-tiger-camera", "share"],
  ["7-tomato-canoe", "share"],
  ["8-tiger-canoe", "share"],
  ["7-canoe-tiger", "share"],
  ["7-tiger-canoe", "link"],
] as const)("the host does not accept %p to %p", async (text, purpose) => {
  const { host, confirmation } = await meet(parameters(text, purpose));
  expect(host.accepts(confirmation)).toBe(false);
  expect(await host.request(confirmation)).toBeUndefined();
});

test("detects one changed bit of any message", async () => {
  const { guest, host, confirmation } = await meet();
  for (let i = 0; i < confirmation.length; i++) {
    const changed = confirmation.with(i, (confirmation[i] ?? 0) ^ 1) as Uint8Array;
    const isRejected = !host.accepts(changed) || (await host.request(changed)) === undefined;
    expect([i, isRejected]).toEqual([i, true]);
  }
  for (const other of [NOTHING, confirmation.subarray(1), guest.share, host.share]) {
    expect(host.accepts(other)).toBe(false);
  }
  const answer = await host.answer(ANSWER ?? NOTHING);
  for (let i = 0; i < answer.length; i++) {
    const changed = answer.with(i, (answer[i] ?? 0) ^ 1) as Uint8Array;
    expect(await rejection(guest.open(changed))).toMatchObject({ code: "checksum-wrong" });
  }
  for (const other of [NOTHING, confirmation, confirmation.subarray(64)]) {
    expect(await rejection(guest.open(other))).toMatchObject({ code: "checksum-wrong" });
  }
});

test("a relay that reflects a share, or repeats an earlier exchange, learns nothing", async () => {
  const guest = new CodeGuest(parameters());
  const reflected = await guest.confirm(guest.share, NOTHING);
  expect(new CodeHost(parameters(), guest.share).accepts(reflected)).toBe(false);
  const earlier = await meet();
  const repeated = new CodeHost(parameters(), earlier.guest.share);
  expect(repeated.accepts(earlier.confirmation)).toBe(false);
});

test("rejects invalid shares", async () => {
  for (const share of [NOTHING, new Uint8Array(32), new Uint8Array(32).fill(0xff)]) {
    expect(faultCode(() => new CodeHost(parameters(), share))).toBe("frame-malformed");
    const failed = new CodeGuest(parameters()).confirm(share, NOTHING);
    expect(await rejection(failed)).toMatchObject({ code: "frame-malformed" });
  }
});
