import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { toHex } from "../../src/base/bytes.ts";
import { NOTE_BYTES_MAX } from "../../src/base/limits.ts";
import { sha256 } from "../../src/crypto/sha256.ts";
import {
  checkpointText,
  findSigned,
  keyIdOf,
  notesIn,
  noteText,
  originOf,
  parseCheckpoint,
  parseNote,
} from "../../src/wire/checkpoint.ts";
import { faultCode } from "../fault-code.ts";

const ROOT = sha256(Uint8Array.of(7));
const ORIGIN = originOf(sha256(Uint8Array.of(0)));
const CHECKPOINT = { origin: ORIGIN, size: 12, root: ROOT };
const KEY = new Uint8Array(32).fill(9);
const SIGNATURE = new Uint8Array(64).fill(5);
const TEXT = checkpointText(CHECKPOINT);
const own = { name: ORIGIN, keyId: keyIdOf(ORIGIN, KEY, sha256), signature: SIGNATURE };
const witness = { name: "example.org/w", keyId: Uint8Array.of(1, 2, 3, 4), signature: KEY };
const NOTE = noteText(TEXT, [own]);

test("formats a checkpoint as three lines as in C2SP tlog-checkpoint", () => {
  expect(TEXT).toBe(`${ORIGIN}\n12\n${ROOT.toBase64()}\n`);
  expect(ORIGIN).toMatch(/^chat\/[\w-]{22}$/);
  const line = `— ${ORIGIN} ${Buffer.concat([own.keyId, SIGNATURE]).toString("base64")}\n`;
  expect(NOTE).toBe(`${TEXT}\n${line}`);
});

test("computes the key id as in C2SP signed-note", () => {
  // Example from golang.org/x/mod/sumdb/note: `PeterNeumann+c74f20a3+` and this key.
  const key = Uint8Array.fromBase64("ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW").subarray(1);
  expect(toHex(keyIdOf("PeterNeumann", key, sha256))).toBe("c74f20a3");
});

describe("round trip", () => {
  test("of any checkpoint", () => {
    const root = fc.uint8Array({ minLength: 32, maxLength: 32 });
    const size = fc.maxSafeNat();
    fc.assert(
      fc.property(size, root, root, (size, root, leaf) => {
        const checkpoint = { origin: originOf(leaf), size, root };
        expect(parseCheckpoint(checkpointText(checkpoint))).toEqual(checkpoint);
      }),
    );
  });

  test("of any signed note", () => {
    const signature = fc.record({
      name: fc.constantFrom("a", ORIGIN, "example.org/é"),
      keyId: fc.uint8Array({ minLength: 4, maxLength: 4 }),
      signature: fc.uint8Array({ minLength: 1, maxLength: 80 }),
    });
    fc.assert(
      fc.property(fc.array(signature, { minLength: 1, maxLength: 5 }), (signatures) => {
        expect(parseNote(noteText(TEXT, signatures))).toEqual({ text: TEXT, signatures });
      }),
    );
  });

  test("finds the key's own signature among others", () => {
    const found = findSigned(noteText(TEXT, [witness, own]), KEY, sha256);
    expect(found).toEqual({
      checkpoint: CHECKPOINT,
      bytes: new TextEncoder().encode(TEXT),
      signature: SIGNATURE,
    });
  });
});

test("finds notes in files and messages", () => {
  const note = noteText(TEXT, [own, witness]);
  const message = `checkpoint of a\n\`\`\`\n${note}\`\`\``;
  expect(notesIn(`${note}\n${NOTE}${message}\n${NOTE.trimEnd()}`)).toEqual([
    note,
    NOTE,
    note,
    NOTE,
  ]);
  for (const text of ["", TEXT, NOTE.replace("\n12\n", "\nx\n"), NOTE.replace("—", "-")]) {
    expect(notesIn(text)).toEqual([]);
  }
});

describe("invalid checkpoints", () => {
  const root = ROOT.toBase64();
  test.each([
    ["nothing", ""],
    ["another origin", TEXT.replace("chat/", "chat/1 server")],
    ["no size", `${ORIGIN}\n\n${root}\n`],
    ["a size above 2^53", `${ORIGIN}\n9007199254740993\n${root}\n`],
    ["a root of 31 bytes", `${ORIGIN}\n12\n${ROOT.subarray(1).toBase64()}\n`],
    ["a root in base64url", `${ORIGIN}\n12\n${"_".repeat(43)}=\n`],
    ["spare bits of the root", `${ORIGIN}\n12\n${`${root.slice(0, 42)}B=`}\n`],
    ["no last newline", TEXT.slice(0, -1)],
    ["a line more", `${TEXT}more\n`],
  ])("rejects %s", (_name, text) => {
    expect(faultCode(() => parseCheckpoint(text))).toBe("frame-malformed");
  });
});

describe("invalid signed notes", () => {
  test.each([
    ["nothing", ""],
    ["no signature", TEXT],
    ["an empty list of signatures", `${TEXT}\n`],
    ["a hyphen for the dash", NOTE.replace("—", "-")],
    ["a line behind it", `${NOTE}more\n`],
    ["a key id alone", noteText(TEXT, [{ ...own, signature: new Uint8Array(0) }])],
    ["a name with a plus", noteText(TEXT, [{ ...own, name: "a+b" }])],
    ["space inside the signature", NOTE.replace(/.{4}\n$/, " $&")],
  ])("rejects %s", (_name, note) => {
    expect(faultCode(() => parseNote(note))).toBe("frame-malformed");
  });

  test("rejects more than NOTE_BYTES_MAX bytes", () => {
    const signature = new Uint8Array(1_250);
    const noteOf = (name: string) => noteText(TEXT, [own, { ...witness, name, signature }]);
    const spare = NOTE_BYTES_MAX - new TextEncoder().encode(noteOf("")).length;
    expect(faultCode(() => parseNote(noteOf("w".repeat(spare))))).toBe("none");
    expect(faultCode(() => parseNote(noteOf("w".repeat(spare + 1))))).toBe("frame-malformed");
  });
});

test.each([
  ["another key", NOTE, new Uint8Array(32)],
  ["another name", noteText(TEXT, [{ ...own, name: witness.name }]), KEY],
  ["a signature that is too short", noteText(TEXT, [{ ...own, signature: KEY }]), KEY],
])("rejects a note not signed by the key: %s", (_name, note, key) => {
  expect(faultCode(() => findSigned(note, key, sha256))).toBe("fingerprint-changed");
});
