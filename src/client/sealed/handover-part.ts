/** Parts of a hand-over: the keys of messages that another device of the account can read. */

import { isBytes } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import {
  HANDOVER_CERTS_MAX,
  HANDOVER_MESSAGES_MAX,
  MESSAGE_KEY_BYTES,
} from "../../base/limits-sealed.ts";
import { isCount } from "../../base/values.ts";
import { packValue, unpackValue } from "../../wire/codec.ts";

export interface HandedKey {
  readonly seq: number;
  /** Index of the certificate of the device that sent the message. */
  readonly sender: number;
  readonly key: Uint8Array;
}

export interface HandoverPart {
  /** Messages in all parts, and in those before this one. */
  readonly total: number;
  readonly done: number;
  readonly isLast: boolean;
  readonly certs: readonly Uint8Array[];
  /** In ascending order of `seq`. */
  readonly keys: readonly HandedKey[];
}

/** A part as MessagePack. */
export function packPart({ total, done, isLast, certs, keys }: HandoverPart): Uint8Array {
  const bytes = new Uint8Array(keys.length * MESSAGE_KEY_BYTES);
  for (const [i, { key }] of keys.entries()) bytes.set(key, i * MESSAGE_KEY_BYTES);
  return packValue({
    total,
    done,
    last: isLast,
    certs,
    seqs: keys.map(({ seq }) => seq),
    senders: keys.map(({ sender }) => sender),
    keys: bytes,
  });
}

/** @throws {Fault} frame-malformed */
export function unpackPart(body: Uint8Array): HandoverPart {
  const value = Object(unpackValue(body)) as Readonly<Record<string, unknown>>;
  const { total, done, last, certs, seqs, senders, keys } = value;
  const isValid =
    isCount(total) &&
    isCount(done) &&
    typeof last === "boolean" &&
    Array.isArray(certs) &&
    certs.length <= HANDOVER_CERTS_MAX &&
    certs.every(isBytes) &&
    Array.isArray(seqs) &&
    Array.isArray(senders) &&
    seqs.length <= HANDOVER_MESSAGES_MAX &&
    senders.length === seqs.length &&
    isBytes(keys) &&
    keys.length === seqs.length * MESSAGE_KEY_BYTES;
  if (!isValid) throw malformedPart();
  let before = 0;
  const handed = seqs.map((seq: unknown, i): HandedKey => {
    const sender: unknown = senders[i];
    if (!isCount(seq) || seq <= before || !isCount(sender) || sender >= certs.length)
      throw malformedPart();
    before = seq;
    const at = i * MESSAGE_KEY_BYTES;
    return { seq, sender, key: keys.slice(at, at + MESSAGE_KEY_BYTES) };
  });
  return { total, done, isLast: last, certs: certs.map(copyOf), keys: handed };
}

/** Copies the bytes, because views would keep the whole part in memory. */
function copyOf(bytes: Uint8Array): Uint8Array {
  return bytes.slice();
}

export function malformedPart(): Fault {
  return new Fault("frame-malformed", "a hand-over of messages is malformed");
}
