import { expect, test } from "bun:test";
import { toHex } from "../../../src/base/bytes.ts";
import { type FileId, makeFileId, type RoomId } from "../../../src/base/ids.ts";
import {
  readSealedFile,
  type SealedFileBody,
  sealedFileBody,
} from "../../../src/client/sealed/body.ts";
import { FileIndex } from "../../../src/client/sealed/file-index.ts";
import type { RoomStates, RoomTransaction } from "../../../src/client/sealed/room-state.ts";
import { contentKey } from "../../../src/client/sealed/rows.ts";
import { Vault } from "../../../src/client/sealed/vault.ts";
import type { ChatRecord } from "../../../src/core/client/chat-record.ts";
import { makeFileSecret } from "../../../src/crypto/seal/file-stream.ts";
import { importStateKey } from "../../../src/crypto/seal/state-box.ts";

const ROOM = "r1" as RoomId;
const idOf = (n: number) => makeFileId(new Uint8Array(8).fill(n));
const rootOf = (n: number) => new Uint8Array(32).fill(n);
const previewOf = (file: FileId, root: Uint8Array) => {
  const about = { file, size: 9, digest: "0".repeat(64), width: 4, height: 3 };
  return { ...about, root, secret: makeFileSecret() };
};

function describes(n: number, preview?: SealedFileBody["preview"]): SealedFileBody {
  const about = { file: idOf(n), name: `${n}.jpg`, sizeBytes: 300, digest: "1".repeat(64) };
  const noDetails = { folder: undefined, details: undefined };
  return { ...about, ...noDetails, root: rootOf(n), secret: makeFileSecret(), preview };
}

async function scene() {
  const tables = new Map<string, Uint8Array>();
  const store = {
    get: (key: string) => tables.get(key),
    put: (key: string, value: Uint8Array) => void tables.set(key, value),
    delete: (key: string) => void tables.delete(key),
    list: () => [],
  };
  const vault = new Vault(store as never, await importStateKey(new Uint8Array(32)));
  const states = { transact: (work: (vault: Vault) => unknown) => work(vault) };
  const index = new FileIndex(states as unknown as RoomStates, () => 0);
  const tx = { vault, room: ROOM } as unknown as RoomTransaction;
  let seq = 0;
  const post = async (user: string, about: SealedFileBody, named?: FileId, digest = rootOf(9)) => {
    const { file, root } = about;
    const preview = named && { file: named, size: 25, digest: toHex(digest) };
    const content = { file, name: "sealed", size: 316, chunks: 1, digest: toHex(root), preview };
    await index.addRecord(tx, {
      seq: ++seq,
      from: user,
      body: { files: [content] },
    } as unknown as ChatRecord);
    const said = {
      kind: "said",
      user,
      device: "d",
      body: sealedFileBody(about, {}),
      sentAtUnixMs: 0,
    };
    await vault.put(contentKey(ROOM, ++seq), said);
    await index.addDescription(tx, seq, file);
  };
  return { index, post };
}

test("finds a preview by the message that describes its original", async () => {
  const { index, post } = await scene();
  const preview = previewOf(idOf(8), rootOf(9));
  await post("ana", describes(1, preview), idOf(8));
  const { root, secret, digest } = preview;
  const found = { file: idOf(8), name: "1.jpg", from: "ana", sizeBytes: 9, root, secret, digest };
  expect(await index.find(idOf(8))).toEqual({ ...found, folder: undefined, details: undefined });
  // A message can't describe the preview of another file.
  await post("eve", describes(2, previewOf(idOf(8), rootOf(9))));
  await post("eve", describes(3, previewOf(idOf(1), rootOf(9))), idOf(1));
  expect(await index.find(idOf(8))).toMatchObject({ from: "ana", secret });
  expect(await index.find(idOf(1))).toMatchObject({ from: "ana", name: "1.jpg", sizeBytes: 300 });
});

test("finds no preview that the server's record does not name", async () => {
  const { index, post } = await scene();
  await post("ana", describes(1, previewOf(idOf(8), rootOf(9))));
  await post("ana", describes(2, previewOf(idOf(7), rootOf(9))), idOf(7), rootOf(6));
  await post("ana", describes(3), idOf(6));
  for (const n of [8, 7, 6]) expect(await index.find(idOf(n))).toBeUndefined();
});

test("ignores a malformed preview, and keeps its file", () => {
  const preview = previewOf(idOf(8), rootOf(9));
  const body = sealedFileBody(describes(1, preview), {});
  const [entry] = body["files"] as readonly Record<string, unknown>[];
  const fields = entry?.["preview"] as Record<string, unknown>;
  const changed = (value: unknown) =>
    readSealedFile({ ...body, files: [{ ...entry, preview: value }] });
  expect(readSealedFile(body)?.preview).toEqual(preview);
  const lies = [
    { key: "short" },
    { prefix: undefined },
    { root: "x" },
    { size: 0 },
    { file: idOf(1) },
    { digest: 7 },
  ];
  for (const lie of lies) {
    const read = changed({ ...fields, ...lie });
    expect(read?.name).toBe("1.jpg");
    expect(read?.preview).toBeUndefined();
  }
  for (const files of [[], [entry, entry], [null], entry]) {
    expect(readSealedFile({ ...body, files })).toBeUndefined();
  }
  for (const value of [null, "text", [], 5]) {
    expect(changed(value)?.preview).toBeUndefined();
  }
});
