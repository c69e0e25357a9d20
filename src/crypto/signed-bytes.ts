/**
 * Bytes that each signature, or tag, in the protocol covers. They begin with a context string and a
 * zero byte, so that a signature for one purpose is invalid for every other purpose.
 */

import { assert } from "../base/assert.ts";
import { concatBytes, KEY_BYTES, SHA256_BYTES, uint64, utf8Encode } from "../base/bytes.ts";
import type { Sha256 } from "../base/ids.ts";
import { GROUP_ID_BYTES } from "../base/limits-sealed.ts";

export const NONCE_BYTES = 32;

const SERVER_CONTEXT = utf8Encode("chat/1 server\0");
const DEVICE_CONTEXT = utf8Encode("chat/1 device\0");
const DEVICE_CERT_CONTEXT = utf8Encode("chat/1 device-cert\0");
const SUCCESSOR_CONTEXT = utf8Encode("chat/1 successor\0");
const SNAPSHOT_CONTEXT = utf8Encode("chat/1 snapshot\0");
const LAN_CONTEXT = utf8Encode("chat/1 lan\0");
const SEALED_CONTENT_CONTEXT = utf8Encode("chat/1 sealed content\0");
const SEALED_LEAVE_CONTEXT = utf8Encode("chat/1 sealed leave\0");
const SEALED_HANDOVER_CONTEXT = utf8Encode("chat/1 sealed handover\0");
const SEEN_CONTEXT = utf8Encode("chat/1 seen\0");

export interface Greeting {
  readonly certificateHash: Uint8Array;
  readonly clientNonce: Uint8Array;
  readonly serverNonce: Uint8Array;
}

function greetingBytes(greeting: Greeting): Uint8Array {
  assert(greeting.certificateHash.length === SHA256_BYTES, "a certificate hash has 32 bytes");
  assert(greeting.clientNonce.length === NONCE_BYTES, "the client's nonce has 32 bytes");
  assert(greeting.serverNonce.length === NONCE_BYTES, "the server's nonce has 32 bytes");
  return concatBytes(greeting.certificateHash, greeting.clientNonce, greeting.serverNonce);
}

export function serverProofBytes(greeting: Greeting): Uint8Array {
  return concatBytes(SERVER_CONTEXT, greetingBytes(greeting));
}

export function deviceProofBytes(greeting: Greeting, user: string): Uint8Array {
  return concatBytes(DEVICE_CONTEXT, greetingBytes(greeting), utf8Encode(user));
}

export function deviceCertBytes(payload: Uint8Array): Uint8Array {
  return concatBytes(DEVICE_CERT_CONTEXT, payload);
}

export function successorBytes(next: Uint8Array): Uint8Array {
  assert(next.length === KEY_BYTES, "a public key has 32 bytes");
  return concatBytes(SUCCESSOR_CONTEXT, next);
}

export function snapshotBytes(digest: Uint8Array): Uint8Array {
  assert(digest.length === SHA256_BYTES, "a SHA-256 has 32 bytes");
  return concatBytes(SNAPSHOT_CONTEXT, digest);
}

/** @param groupAddress address and port, which prevent a replay to another group */
export function lanBytes(groupAddress: string, datagram: Uint8Array): Uint8Array {
  return concatBytes(LAN_CONTEXT, utf8Encode(`${groupAddress}\0`), datagram);
}

/** Place of a message, without which somebody else could post its content again elsewhere. */
export interface SealedPlace {
  readonly gid: Uint8Array;
  readonly room: string;
  readonly epoch: number;
  /** Id of the record that contains the message. */
  readonly bound: Uint8Array;
  /** The sender's account key. Anybody can certify a foreign device key for their own account. */
  readonly account: Uint8Array;
}

export interface SealedContentHead extends SealedPlace {
  readonly count: number;
  readonly sentAtUnixMs: number;
  readonly bodyHash: Uint8Array;
  readonly checkpoint?: { readonly size: number; readonly root: Uint8Array } | undefined;
}

export function sealedContentBytes(head: SealedContentHead): Uint8Array {
  const { gid, room, epoch, bound, account, count, sentAtUnixMs, bodyHash, checkpoint } = head;
  assert(gid.length === GROUP_ID_BYTES, "a group id has 16 bytes");
  assert(account.length === KEY_BYTES, "an account key has 32 bytes");
  assert(bound.length < 256, "the length of a record's id fits in one byte");
  assert(bodyHash.length === SHA256_BYTES, "a SHA-256 has 32 bytes");
  assert((checkpoint?.root.length ?? SHA256_BYTES) === SHA256_BYTES, "a root has 32 bytes");
  const numbers = concatBytes(uint64(epoch), uint64(count), uint64(sentAtUnixMs));
  const checkpointBytes =
    checkpoint === undefined
      ? new Uint8Array([0])
      : concatBytes(new Uint8Array([1]), uint64(checkpoint.size), checkpoint.root);
  return concatBytes(
    SEALED_CONTENT_CONTEXT,
    gid,
    account,
    numbers,
    bodyHash,
    checkpointBytes,
    Uint8Array.of(bound.length),
    bound,
    utf8Encode(room),
  );
}

export function sealedLeaveBytes(gid: Uint8Array, epoch: number, room: string): Uint8Array {
  assert(gid.length === GROUP_ID_BYTES, "a group id has 16 bytes");
  return concatBytes(SEALED_LEAVE_CONTEXT, gid, uint64(epoch), utf8Encode(room));
}

/** @param context group, sender, receiver and room */
export function sealedHandoverBytes(context: Uint8Array, digest: Uint8Array): Uint8Array {
  assert(digest.length === SHA256_BYTES, "a SHA-256 has 32 bytes");
  return concatBytes(SEALED_HANDOVER_CONTEXT, digest, context);
}

/** Shows a server that a client knows the root of its history, and reveals it to nobody else. */
export function seenTag(nonce: Uint8Array, root: Uint8Array, sha256: Sha256): Uint8Array {
  return sha256(concatBytes(SEEN_CONTEXT, nonce, root));
}
