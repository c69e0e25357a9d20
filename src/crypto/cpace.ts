/**
 * CPace, a balanced password-authenticated key exchange: draft-irtf-cfrg-cpace-21, suite
 * CPACE-RISTR255-SHA512, with clear roles of initiator and responder.
 */

import { ristretto255, ristretto255_hasher } from "@noble/curves/ed25519.js";
import { hmac } from "@noble/hashes/hmac.js";
import { sha512 } from "@noble/hashes/sha2.js";
import { assert } from "../base/assert.ts";
import { concatBytes, utf8Encode } from "../base/bytes.ts";
import { Fault } from "../base/fault.ts";

const { Point } = ristretto255;

const DSI = utf8Encode("CPaceRistretto255");
const DSI_ISK = utf8Encode("CPaceRistretto255_ISK");
const MAC_LABEL = utf8Encode("CPaceMac");
const HASH_BLOCK_BYTES = 128;
/** Scalars have 252 bits. */
const SCALAR_TOP_BYTE = 0x0f;
export const CPACE_SCALAR_BYTES = 32;

/** Inputs on which both parties must agree. */
export interface CpaceInputs {
  readonly password: Uint8Array;
  /** Channel identifier, `CI` in the draft. */
  readonly channel: Uint8Array;
  readonly sessionId: Uint8Array;
}

/** Public message of a party. */
export interface CpaceMessage {
  readonly share: Uint8Array;
  /** Associated data, `ADa` or `ADb` in the draft. */
  readonly data: Uint8Array;
}

/** Secret of one run, which must be used once. */
export interface CpaceSecret {
  readonly scalar: bigint;
  readonly inputs: CpaceInputs;
}

/** @param random 32 bytes */
export function startCpace(
  inputs: CpaceInputs,
  random: Uint8Array,
): { readonly secret: CpaceSecret; readonly share: Uint8Array } {
  const scalar = scalarOf(random);
  return { secret: { scalar, inputs }, share: generatorOf(inputs).multiply(scalar).toBytes() };
}

/**
 * Returns the intermediate session key of 64 bytes, equal for both parties if all inputs are.
 * @param other share of the other party
 * @throws {Fault} frame-malformed if the share is not a point, or the neutral one
 */
export function finishCpace(
  { scalar, inputs }: CpaceSecret,
  other: Uint8Array,
  initiator: CpaceMessage,
  responder: CpaceMessage,
): Uint8Array {
  const point = decodePoint(other).multiply(scalar).toBytes();
  const transcript = [initiator, responder].map(({ share, data }) => joinPrefixed(share, data));
  return sha512(concatBytes(joinPrefixed(DSI_ISK, inputs.sessionId, point), ...transcript));
}

/** Key confirmation (section 10.4): proves that the sender of `message` knows the key. */
export function cpaceTag(
  key: Uint8Array,
  { sessionId }: CpaceInputs,
  { share, data }: CpaceMessage,
): Uint8Array {
  return hmac(sha512, sha512(concatBytes(MAC_LABEL, sessionId, key)), joinPrefixed(share, data));
}

/** Section 8.3. */
function generatorOf({ password, channel, sessionId }: CpaceInputs) {
  const head = joinPrefixed(DSI, password);
  const padding = new Uint8Array(Math.max(0, HASH_BLOCK_BYTES - 1 - head.length));
  const text = concatBytes(head, joinPrefixed(padding, channel, sessionId));
  const { deriveToCurve } = ristretto255_hasher;
  assert(deriveToCurve !== undefined, "ristretto255 has an element derivation");
  return deriveToCurve(sha512(text));
}

function scalarOf(random: Uint8Array): bigint {
  assert(random.length === CPACE_SCALAR_BYTES, "a scalar takes 32 random bytes");
  const bytes = random.slice();
  bytes[CPACE_SCALAR_BYTES - 1] = (bytes.at(-1) ?? 0) & SCALAR_TOP_BYTE;
  return Point.Fn.fromBytes(bytes);
}

function decodePoint(bytes: Uint8Array) {
  let cause: unknown;
  try {
    const point = Point.fromBytes(bytes);
    if (!point.is0()) return point;
  } catch (error) {
    cause = error;
  }
  throw new Fault("frame-malformed", "the key exchange contains an invalid point", { cause });
}

/** `lv_cat`: each part follows its length in LEB128. */
function joinPrefixed(...parts: readonly Uint8Array[]): Uint8Array {
  return concatBytes(...parts.flatMap((part) => [leb128(part.length), part]));
}

function leb128(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest >>= 7) bytes.push((rest & 0x7f) | 0x80);
  return Uint8Array.of(...bytes, rest);
}
