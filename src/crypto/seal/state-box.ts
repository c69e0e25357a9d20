/**
 * Encrypted storage for the state of a group, bound to its group, epoch and lease. The library
 * itself would accept most damaged states.
 */

import { assert } from "../../base/assert.ts";
import { concatBytes, uint64, utf8Encode } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import {
  GROUP_ID_BYTES,
  GROUP_STATE_BYTES_MAX,
  STATE_KEY_BYTES,
} from "../../base/limits-sealed.ts";
import { GCM_NONCE_BYTES, GCM_TAG_BYTES } from "../gcm-sizes.ts";
import { type FileCipher, webFileCipher } from "./file-cipher.ts";

const GROUP_LEASE_BYTES_MAX = 64;

const MAGIC = utf8Encode("chat/1 seal\0");
const EPOCH_BYTES = 8;
const HEAD_BYTES = MAGIC.length + EPOCH_BYTES + GCM_NONCE_BYTES;

export type StateKey = FileCipher;

export interface BoxContext {
  readonly key: StateKey;
  readonly gid: Uint8Array;
  readonly lease: string;
}

export async function importStateKey(raw: Uint8Array): Promise<StateKey> {
  assert(raw.length === STATE_KEY_BYTES, "a state key has 32 bytes");
  return webFileCipher(raw);
}

/** @param nonce 12 random bytes that have never been used before */
export async function encryptState(
  plain: Uint8Array,
  epoch: number,
  context: BoxContext,
  nonce: Uint8Array,
): Promise<Uint8Array> {
  assert(nonce.length === GCM_NONCE_BYTES, "AES-GCM takes a nonce of 12 bytes");
  const head = concatBytes(MAGIC, uint64(epoch), nonce);
  return concatBytes(head, await context.key.seal(nonce, associatedData(head, context), plain));
}

/** @throws {Fault} seal-state if the bytes are damaged, or if the key, group or lease differs */
export async function decryptState(
  bytes: Uint8Array,
  context: BoxContext,
): Promise<{ readonly plain: Uint8Array; readonly epoch: number }> {
  const isSized =
    bytes.length >= HEAD_BYTES + GCM_TAG_BYTES && bytes.length <= GROUP_STATE_BYTES_MAX;
  if (!isSized || MAGIC.some((byte, i) => bytes[i] !== byte)) throw unreadable();
  const head = bytes.subarray(0, HEAD_BYTES);
  const nonce = head.subarray(-GCM_NONCE_BYTES);
  const sealed = bytes.subarray(HEAD_BYTES);
  const epoch = new DataView(head.buffer, head.byteOffset).getBigUint64(MAGIC.length);
  try {
    const plain = await context.key.unseal(nonce, associatedData(head, context), sealed);
    return { plain, epoch: Number(epoch) };
  } catch (cause) {
    throw unreadable(cause);
  }
}

export function unreadable(cause?: unknown): Fault {
  return new Fault("seal-state", "this device's state of an encrypted room is unreadable", {
    cause,
  });
}

function associatedData(head: Uint8Array, { gid, lease }: BoxContext): Uint8Array {
  const leaseBytes = utf8Encode(lease);
  assert(gid.length === GROUP_ID_BYTES, "a group id has 16 bytes");
  assert(leaseBytes.length <= GROUP_LEASE_BYTES_MAX, "the lease is within its size limit");
  return concatBytes(head, gid, leaseBytes);
}
