import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { signCheckpoint, verifyNote } from "../../src/crypto/checkpoint.ts";
import { sha256 } from "../../src/crypto/sha256.ts";
import { originOf } from "../../src/wire/checkpoint.ts";
import { faultCode } from "../fault-code.ts";
import vector from "../vectors/checkpoint.json";
import { identityOfSeed } from "./seed-identity.ts";

const server = identityOfSeed(Uint8Array.fromHex(vector.seed.hex));
const other = identityOfSeed(new Uint8Array(32).fill(2));
const CHECKPOINT = {
  origin: originOf(sha256(Uint8Array.of(1))),
  size: 3,
  root: sha256(Uint8Array.of(2)),
};

test("matches the golden vector in PROTOCOL.md", () => {
  const { key, firstLeaf, size, root, note } = vector;
  const origin = originOf(Uint8Array.fromHex(firstLeaf.hex));
  const checkpoint = { origin, size, root: Uint8Array.fromHex(root.hex) };
  expect(signCheckpoint(checkpoint, server)).toBe(note);
  expect(verifyNote(note, Uint8Array.fromHex(key.hex))).toEqual(checkpoint);
  const protocol = readFileSync(join(import.meta.dir, "../../docs/design/PROTOCOL.md"), "utf8");
  expect(protocol).toContain(note.replaceAll(/^(?=.)/gm, "    "));
});

test("commits to the accounts log as in PROTOCOL.md", () => {
  const checkpoint = { ...CHECKPOINT, origin: originOf(Uint8Array.fromHex(vector.firstLeaf.hex)) };
  const history = { ...checkpoint, size: vector.size, root: Uint8Array.fromHex(vector.root.hex) };
  const { origin, size, root } = vector.accounts;
  const accounts = { origin, size, root: Uint8Array.fromHex(root.hex) };
  const note = signCheckpoint(history, server, accounts);
  expect(note).toBe(vector.noteWithAccounts);
  expect(verifyNote(note, server.publicKey)).toEqual({ ...history, accounts });
  const protocol = readFileSync(join(import.meta.dir, "../../docs/design/PROTOCOL.md"), "utf8");
  expect(protocol).toContain(note.trimEnd().split("\n").at(-1) ?? "");
});

test("accepts a commitment to no other accounts log, or by another key", () => {
  const accounts = { ...CHECKPOINT, size: 9 };
  const note = signCheckpoint(CHECKPOINT, server, accounts);
  const start = note.lastIndexOf(" ") + 1;
  for (let at = start; at < note.length - 1; at++) {
    const letter = note[at] === "A" ? "B" : "A";
    const changed = `${note.slice(0, at)}${letter}${note.slice(at + 1)}`;
    let committed: unknown = "refused";
    try {
      committed = verifyNote(changed, server.publicKey).accounts;
    } catch {}
    // Another key id makes it the signature of somebody else.
    expect(["refused", undefined]).toContain(committed as string);
  }
  const foreign = signCheckpoint(CHECKPOINT, other, accounts).split("\n").at(-2);
  const mixed = `${signCheckpoint(CHECKPOINT, server)}${foreign}\n`;
  expect(verifyNote(mixed, server.publicKey).accounts).toBeUndefined();
});

test("verifies with the signing key only", () => {
  const note = signCheckpoint(CHECKPOINT, server);
  expect(verifyNote(note, server.publicKey)).toEqual(CHECKPOINT);
  expect(faultCode(() => verifyNote(note, other.publicKey))).toBe("fingerprint-changed");
});

test("rejects a note with any changed byte", () => {
  const note = signCheckpoint(CHECKPOINT, server);
  for (let at = 0; at < note.length; at++) {
    const letter = note[at] === "A" ? "B" : "A";
    const changed = `${note.slice(0, at)}${letter}${note.slice(at + 1)}`;
    const code = faultCode(() => verifyNote(changed, server.publicKey));
    expect(["fingerprint-changed", "frame-malformed"]).toContain(code);
  }
});

test("rejects a signature over another checkpoint", () => {
  const note = signCheckpoint(CHECKPOINT, server);
  const longer = signCheckpoint({ ...CHECKPOINT, size: 4 }, server);
  const [text] = longer.split("\n\n");
  const [, signature] = note.split("\n\n");
  const forged = `${text}\n\n${signature}`;
  expect(faultCode(() => verifyNote(forged, server.publicKey))).toBe("fingerprint-changed");
});
