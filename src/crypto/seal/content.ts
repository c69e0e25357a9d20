/** What stands inside an MLS message: a body, and the device's own word for it. */
import { equalBytes } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import { SEALED_BODY_BYTES_MAX } from "../../base/limits-sealed.ts";
import { packValue, unpackValue } from "../../wire/codec.ts";
import { type SealedMessageHead, sealedMessageBytes } from "../signed-bytes.ts";
import { owned } from "./owned.ts";
import { type SealSigner, verifyEd25519 } from "./suite.ts";

const ROOT_BYTES = 32;
const SIGNATURE_BYTES = 64;

export interface SealedContent {
  /** What is said, as the layer above packs it. */
  readonly body: Uint8Array;
  readonly sentAtUnixMs: number;
  /** From 1, without a gap: a reader sees when messages of a device were withheld. */
  readonly count: number;
  /** The newest checkpoint that the sender knew: a reader sees when histories differ. */
  readonly checkpoint?: { readonly size: number; readonly root: Uint8Array };
}

/** Which group and room a message is for. */
export type ContentPlace = Pick<SealedMessageHead, "gid" | "room">;

export interface SignedContent extends SealedContent {
  readonly signature: Uint8Array;
}

/** @throws Fault too-large: the body is */
export async function writeContent(
  content: SealedContent,
  place: ContentPlace,
  signer: SealSigner,
): Promise<Uint8Array> {
  if (content.body.length > SEALED_BODY_BYTES_MAX) {
    throw new Fault("too-large", `a message of ${content.body.length} bytes to a sealed room`);
  }
  const signature = await signer.sign(await signedBytes(content, place));
  return packContent({ ...content, signature });
}

/** @throws Fault frame-malformed, seal-broken: the device has not signed this for this place */
export async function readContent(
  bytes: Uint8Array,
  place: ContentPlace,
  deviceKey: Uint8Array,
): Promise<SignedContent> {
  const content = unpackContent(bytes);
  if (await verifyEd25519(deviceKey, await signedBytes(content, place), content.signature)) {
    return content;
  }
  throw new Fault("seal-broken", "a message is not signed by the device that sent it");
}

/** The keys in this order, and only these: there is one spelling. */
function packContent(content: SignedContent): Uint8Array {
  const { body, sentAtUnixMs: ts, count: c, checkpoint, signature: sig } = content;
  return packValue({
    body,
    ts,
    c,
    ...(checkpoint === undefined
      ? {}
      : { checkpoint: { size: checkpoint.size, root: checkpoint.root } }),
    sig,
  });
}

function unpackContent(bytes: Uint8Array): SignedContent {
  const value = unpackValue(bytes);
  const content = typeof value === "object" && value !== null ? contentOf(value) : undefined;
  if (content !== undefined && equalBytes(packContent(content), bytes)) return content;
  throw new Fault("frame-malformed", "the content of a sealed message is malformed");
}

function contentOf(value: object): SignedContent | undefined {
  const { body, ts, c, checkpoint, sig } = value as Readonly<Record<string, unknown>>;
  if (!(body instanceof Uint8Array) || body.length > SEALED_BODY_BYTES_MAX) return undefined;
  if (!(sig instanceof Uint8Array) || sig.length !== SIGNATURE_BYTES) return undefined;
  if (!isCount(ts) || !isCount(c)) return undefined;
  // Copies: those of msgpackr are views of the whole message.
  const content = {
    body: body.slice(),
    sentAtUnixMs: ts,
    count: c,
    signature: sig.slice(),
  };
  if (checkpoint === undefined) return content;
  if (typeof checkpoint !== "object" || checkpoint === null) return undefined;
  const { size, root } = checkpoint as Readonly<Record<string, unknown>>;
  if (!isCount(size) || !(root instanceof Uint8Array) || root.length !== ROOT_BYTES) {
    return undefined;
  }
  return { ...content, checkpoint: { size, root: root.slice() } };
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

async function signedBytes(content: SealedContent, place: ContentPlace): Promise<Uint8Array> {
  const digest = await crypto.subtle.digest("SHA-256", owned(content.body));
  return sealedMessageBytes({
    gid: place.gid,
    room: place.room,
    count: content.count,
    sentAtUnixMs: content.sentAtUnixMs,
    bodyHash: new Uint8Array(digest),
    ...(content.checkpoint === undefined ? {} : { checkpoint: content.checkpoint }),
  });
}
