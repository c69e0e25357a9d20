/**
 * Text form of a record's proof: a description of the record, then a C2SP tlog-proof
 * (https://c2sp.org/tlog-proof), which other tools can verify.
 */

import {
  fromBase64Url,
  SHA256_BYTES,
  toBase64Url,
  utf8Decode,
  utf8Encode,
} from "../../base/bytes.ts";
import { Fault, msg } from "../../base/fault.ts";
import { PROOF_HASHES_MAX } from "../../base/limits.ts";
import { notesIn } from "../../wire/checkpoint.ts";

export interface ProofFile {
  readonly key: Uint8Array;
  readonly seq: number;
  readonly head: Uint8Array;
  /** `undefined` if the proof does not reveal the body. */
  readonly salt: Uint8Array | undefined;
  readonly body: Uint8Array | undefined;
  readonly path: readonly Uint8Array[];
  readonly note: string;
}

const TITLE = "chat proof of a record, version 1";
const TLOG_PROOF = "c2sp.org/tlog-proof@v1";

export function formatProof({ key, head, salt, body, seq, path, note }: ProofFile): string {
  const bodyFields =
    salt === undefined || body === undefined
      ? []
      : [`salt ${toBase64Url(salt)}`, `body ${utf8Decode(body)}`];
  return [
    TITLE,
    `key ${toBase64Url(key)}`,
    `head ${utf8Decode(head)}`,
    ...bodyFields,
    TLOG_PROOF,
    `index ${seq - 1}`,
    ...path.map((hash) => hash.toBase64()),
    "",
    note,
  ].join("\n");
}

/**
 * Parses the text without verifying the proof.
 * @throws {Fault} log-unproved if the text is not a proof
 */
export function parseProof(text: string): ProofFile {
  const split = text.indexOf("\n\n");
  if (split === -1) throw malformed("it has no checkpoint");
  const lines = text.slice(0, split).split("\n");
  // A mail program may have added lines.
  const [note] = notesIn(text.slice(split + 2));
  if (note === undefined) throw malformed("its checkpoint is cut");
  if (lines.shift() !== TITLE) throw malformed("its first line is wrong");
  const takeField = (name: string) => {
    const [line] = lines;
    if (line?.startsWith(`${name} `) !== true) return undefined;
    lines.shift();
    return line.slice(name.length + 1);
  };
  const [key, head, salt, body] = [
    takeField("key"),
    takeField("head"),
    takeField("salt"),
    takeField("body"),
  ];
  if (key === undefined || head === undefined) throw malformed("its key or its record is missing");
  if (lines.shift() !== TLOG_PROOF) throw malformed("its tlog-proof section is missing");
  const index = takeField("index");
  if (index === undefined || !/^(?:0|[1-9]\d{0,14})$/.test(index)) throw malformed("no index");
  if (lines.length > PROOF_HASHES_MAX) throw malformed("its path is too long");
  return {
    key: fromBase64Url(key),
    seq: Number(index) + 1,
    head: utf8Encode(head),
    salt: salt === undefined ? undefined : fromBase64Url(salt),
    body: body === undefined ? undefined : utf8Encode(body),
    path: lines.map(hashOf),
    note,
  };
}

function hashOf(line: string): Uint8Array {
  try {
    const hash = Uint8Array.fromBase64(line);
    if (hash.length === SHA256_BYTES && hash.toBase64() === line) return hash;
  } catch {
    // The fault below reports the error.
  }
  throw malformed("its path contains an invalid hash");
}

function malformed(reason: string): Fault {
  return new Fault("log-unproved", msg`invalid proof file: ${reason}`, {
    remedy: "use the complete file that chat verify --seq wrote",
  });
}
