import { expect, test } from "bun:test";
import { fromHex, toHex, utf8Encode } from "../../src/base/bytes.ts";
import { finishCpace, startCpace } from "../../src/crypto/cpace.ts";
import { faultCode } from "../fault-code.ts";
import vectors from "../vectors/cpace.json";

const inputs = {
  password: utf8Encode(vectors.password),
  channel: fromHex(vectors.channel),
  sessionId: fromHex(vectors.sessionId),
};

function partyOf({ data, scalar, share }: (typeof vectors)["initiator"]) {
  const started = startCpace(inputs, fromHex(scalar));
  return { ...started, message: { share: fromHex(share), data: utf8Encode(data) } };
}

const [initiator, responder] = [partyOf(vectors.initiator), partyOf(vectors.responder)];

test("computes the shares and the session key of the specification's test vectors", () => {
  expect(toHex(initiator.share)).toBe(vectors.initiator.share);
  expect(toHex(responder.share)).toBe(vectors.responder.share);
  const messages = [initiator.message, responder.message] as const;
  const ofInitiator = finishCpace(initiator.secret, responder.share, ...messages);
  const ofResponder = finishCpace(responder.secret, initiator.share, ...messages);
  expect(toHex(ofInitiator)).toBe(vectors.sessionKey);
  expect(toHex(ofResponder)).toBe(vectors.sessionKey);
});

test("ignores the bits of a random scalar above the group's order", () => {
  const random = fromHex(vectors.initiator.scalar);
  random[31] = (random[31] ?? 0) | 0xf0;
  expect(toHex(startCpace(inputs, random).share)).toBe(vectors.initiator.share);
});

test("rejects the invalid points of the specification, and shares of a wrong size", () => {
  const finish = (share: Uint8Array) => () =>
    finishCpace(initiator.secret, share, initiator.message, responder.message);
  const invalid = [...vectors.invalidShares.map(fromHex), new Uint8Array(0), new Uint8Array(64)];
  for (const share of invalid) expect(faultCode(finish(share))).toBe("frame-malformed");
});

test("any other input gives a different key", () => {
  const key = (changed: Partial<typeof inputs>, share = responder.share) => {
    const { secret } = startCpace({ ...inputs, ...changed }, fromHex(vectors.initiator.scalar));
    const messages = [initiator.message, { ...responder.message, share }] as const;
    return toHex(finishCpace(secret, share, ...messages));
  };
  const other = utf8Encode("other");
  const keys = [
    key({}),
    key({ sessionId: other }),
    key({}, startCpace({ ...inputs, password: other }, fromHex(vectors.responder.scalar)).share),
    key({}, startCpace({ ...inputs, channel: other }, fromHex(vectors.responder.scalar)).share),
  ];
  expect(keys[0]).toBe(vectors.sessionKey);
  expect(new Set(keys).size).toBe(keys.length);
});
