/** Content of an MLS application message: a body with the device's own signature. */

import { equalBytes, SHA256_BYTES, SIGNATURE_BYTES } from "../../base/bytes.ts";
import { Fault, msg } from "../../base/fault.ts";
import { SEALED_BODY_BYTES_MAX, SEALED_UNSETTLED_MAX } from "../../base/limits-sealed.ts";
import { UNIX_MS_MAX } from "../../base/time.ts";
import { isCount } from "../../base/values.ts";
import { packValue, unpackValue } from "../../wire/codec.ts";
import { type SealedPlace, sealedContentBytes } from "../signed-bytes.ts";
import { type SealSigner, verifyEd25519 } from "./suite.ts";
import { toUnshared } from "./unshared.ts";

const ORIGIN_CHARS_MAX = 64;
/** Fields that the signature covers. Only MLS protects fields that later versions add. */
const KEYS = ["body", "ts", "c", "open", "checkpoint", "sig"];

export interface SealedContent {
  readonly body: Uint8Array;
  readonly sentAtUnixMs: number;
  readonly count: number;
  /**
   * Ranges of this device's message counts that are not in the log, because the messages are in
   * flight or were refused.
   */
  readonly unconfirmed?: readonly CountRange[] | undefined;
  readonly checkpoint?: CheckpointReport | undefined;
}

export type CountRange = readonly [first: number, last: number];

export interface CheckpointReport {
  readonly origin: string;
  readonly size: number;
  readonly root: Uint8Array;
  readonly signature: Uint8Array;
}

export interface SignedContent extends SealedContent {
  readonly signature: Uint8Array;
}

export async function writeContent(
  content: SealedContent,
  place: SealedPlace,
  signer: SealSigner,
): Promise<Uint8Array> {
  if (content.body.length > SEALED_BODY_BYTES_MAX) {
    throw new Fault(
      "too-large",
      msg`a message to an encrypted room is too large: ${content.body.length} bytes`,
    );
  }
  const signature = await signer.sign(await signedBytes(content, place));
  return packValue(valuesOf({ ...content, signature }));
}

/**
 * @throws {Fault} frame-malformed if the bytes cannot be parsed, seal-broken if the device has not
 * signed the content for this place
 */
export async function readContent(
  bytes: Uint8Array,
  place: SealedPlace,
  deviceKey: Uint8Array,
): Promise<SignedContent> {
  const content = unpackContent(bytes);
  if (await verifyEd25519(deviceKey, await signedBytes(content, place), content.signature)) {
    return content;
  }
  throw new Fault("seal-broken", "a message is not signed by the device that sent it");
}

function valuesOf(content: SignedContent): Readonly<Record<string, unknown>> {
  const { body, sentAtUnixMs: ts, count: c, unconfirmed, checkpoint, signature: sig } = content;
  const { origin, size, root, signature } = checkpoint ?? {};
  const packedCheckpoint = checkpoint && { origin, size, root, signature };
  return { body, ts, c, open: unconfirmed, checkpoint: packedCheckpoint, sig };
}

function unpackContent(bytes: Uint8Array): SignedContent {
  const value = unpackValue(bytes);
  const content = typeof value === "object" && value !== null ? contentOf(value) : undefined;
  if (content !== undefined && value !== null) {
    const laterFields = Object.entries(value as object).filter(([key]) => !KEYS.includes(key));
    const encoded = packValue({ ...valuesOf(content), ...Object.fromEntries(laterFields) });
    if (equalBytes(encoded, bytes)) return content;
  }
  throw new Fault("frame-malformed", "the content of an encrypted message is malformed");
}

function contentOf(value: object): SignedContent | undefined {
  const { body, ts, c, open, checkpoint, sig } = value as Readonly<Record<string, unknown>>;
  if (!(body instanceof Uint8Array) || body.length > SEALED_BODY_BYTES_MAX) return undefined;
  if (!(sig instanceof Uint8Array) || sig.length !== SIGNATURE_BYTES) return undefined;
  if (!isCount(ts) || ts > UNIX_MS_MAX || !isCount(c)) return undefined;
  const unconfirmed = open === undefined ? undefined : rangesOf(open);
  const parsedCheckpoint = checkpoint === undefined ? undefined : checkpointOf(checkpoint);
  if ((open !== undefined && unconfirmed === undefined) || parsedCheckpoint === "malformed")
    return undefined;
  // Copies the bytes, because msgpackr returns views that would keep the whole message in memory.
  return {
    body: body.slice(),
    sentAtUnixMs: ts,
    count: c,
    unconfirmed,
    checkpoint: parsedCheckpoint,
    signature: sig.slice(),
  };
}

function rangesOf(value: unknown): CountRange[] | undefined {
  if (!Array.isArray(value) || value.length === 0 || value.length > SEALED_UNSETTLED_MAX) {
    return undefined;
  }
  const ranges: CountRange[] = [];
  let before = 0;
  for (const range of value) {
    if (!Array.isArray(range) || range.length !== 2) return undefined;
    const [first, last]: unknown[] = range;
    if (!isCount(first) || !isCount(last) || first <= before || last < first) return undefined;
    ranges.push([first, last]);
    before = last;
  }
  return ranges;
}

function checkpointOf(value: unknown): CheckpointReport | "malformed" {
  if (typeof value !== "object" || value === null) return "malformed";
  const { origin, size, root, signature } = value as Readonly<Record<string, unknown>>;
  if (typeof origin !== "string" || origin.length > ORIGIN_CHARS_MAX) return "malformed";
  if (!isCount(size) || !(root instanceof Uint8Array) || root.length !== SHA256_BYTES) {
    return "malformed";
  }
  if (!(signature instanceof Uint8Array) || signature.length !== SIGNATURE_BYTES) {
    return "malformed";
  }
  return { origin, size, root: root.slice(), signature: signature.slice() };
}

async function signedBytes(content: SealedContent, place: SealedPlace): Promise<Uint8Array> {
  const digest = await crypto.subtle.digest("SHA-256", toUnshared(content.body));
  const { gid, room, epoch, bound, account } = place;
  return sealedContentBytes({
    gid,
    room,
    epoch,
    bound,
    account,
    count: content.count,
    sentAtUnixMs: content.sentAtUnixMs,
    bodyHash: new Uint8Array(digest),
    checkpoint: content.checkpoint,
  });
}
