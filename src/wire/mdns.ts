/** Subjects of multicast DNS datagrams (RFC 1035, section 4.1), read before anything is decoded. */

import { HOST_LABEL_PREFIX, type ServiceType } from "./announcement.ts";

const HEADER_BYTES = 12;
const QUESTION_COUNT_OFFSET = 4;
const QUESTION_TYPE_AND_CLASS_BYTES = 4;
const POINTER_BITS = 0xc0;
/** A name has at most 255 bytes, so at most 127 labels and pointers. */
const NAME_STEPS_MAX = 128;
/** Preserves ASCII and accepts all other bytes. */
const ascii = new TextDecoder("latin1");

/** `services` is the query for all types of services (RFC 6763, section 9). */
export type MdnsSubject = "services" | ServiceType;

/** @returns the first subject of a query that a server of this type may answer */
export function questionSubject(bytes: Uint8Array, type: ServiceType): MdnsSubject | undefined {
  const count =
    ((bytes[QUESTION_COUNT_OFFSET] ?? 0) << 8) | (bytes[QUESTION_COUNT_OFFSET + 1] ?? 0);
  let at = HEADER_BYTES;
  let subject: MdnsSubject | undefined;
  for (let i = 0; i < count; i++) {
    const name = readName(bytes, at);
    if (name === undefined) return subject;
    at = name.end + QUESTION_TYPE_AND_CLASS_BYTES;
    subject ??= nameSubject(name.labels, type);
  }
  return subject;
}

/** Reports whether a response can contain a service of this type. Never false if it does. */
export function mentionsService(bytes: Uint8Array, type: ServiceType): boolean {
  const label = `_${type}`;
  return ascii
    .decode(bytes)
    .toLowerCase()
    .includes(String.fromCharCode(label.length) + label);
}

function nameSubject(labels: readonly string[], type: ServiceType): MdnsSubject | undefined {
  if (labels.join(".") === "_services._dns-sd._udp.local") return "services";
  if (labels.slice(-3).join(".") === `_${type}._tcp.local`) return type;
  return labels.length === 2 && labels[0]?.startsWith(HOST_LABEL_PREFIX) === true
    ? type
    : undefined;
}

/** @returns `undefined` if the name is cut or does not end */
function readName(
  bytes: Uint8Array,
  start: number,
): { readonly labels: readonly string[]; readonly end: number } | undefined {
  const labels: string[] = [];
  let end: number | undefined;
  let at = start;
  for (let step = 0; step < NAME_STEPS_MAX; step++) {
    const length = bytes[at];
    if (length === undefined) return undefined;
    if (length === 0) return { labels, end: end ?? at + 1 };
    if (length >= POINTER_BITS) {
      const low = bytes[at + 1];
      if (low === undefined) return undefined;
      end ??= at + 2;
      at = ((length - POINTER_BITS) << 8) | low;
      continue;
    }
    labels.push(ascii.decode(bytes.subarray(at + 1, at + 1 + length)).toLowerCase());
    at += 1 + length;
  }
  return undefined;
}
