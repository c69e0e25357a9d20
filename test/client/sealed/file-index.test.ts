import { expect, test } from "bun:test";
import { toHex } from "../../../src/base/bytes.ts";
import { Fault } from "../../../src/base/fault.ts";
import { type FileId, makeFileId, type RoomId } from "../../../src/base/ids.ts";
import { FILE_NAME_BYTES_MAX, FILES_PER_POST_MAX } from "../../../src/base/limits.ts";
import {
  readSealedFiles,
  type SealedFileBody,
  sealedFileEntry,
  sealedPreviewEntry,
} from "../../../src/client/sealed/body.ts";
import { FileIndex } from "../../../src/client/sealed/file-index.ts";
import type { RoomStates, RoomTransaction } from "../../../src/client/sealed/room-state.ts";
import { contentKey } from "../../../src/client/sealed/rows.ts";
import type { KeyRange } from "../../../src/client/sealed/store.ts";
import { Vault } from "../../../src/client/sealed/vault.ts";
import type { ChatRecord } from "../../../src/core/client/chat-record.ts";
import { makeFileSecret } from "../../../src/crypto/seal/file-stream.ts";
import { importStateKey } from "../../../src/crypto/seal/state-box.ts";
import { rejection } from "../../rejection.ts";

const ROOM = "r1" as RoomId;
const idOf = (n: number) => makeFileId(new Uint8Array(8).fill(n));
const rootOf = (n: number) => new Uint8Array(32).fill(n);
const previewOf = (file: FileId, root = rootOf(9)) => {
  const about = { file, size: 9, digest: "0".repeat(64), width: 4, height: 3 };
  return { ...about, root, secret: makeFileSecret() };
};

function fileOf(n: number, preview?: SealedFileBody["preview"]): SealedFileBody {
  const about = { file: idOf(n), name: `${n}.jpg`, sizeBytes: 300, digest: "1".repeat(64) };
  const noDetails = { folder: undefined, details: undefined };
  return { ...about, ...noDetails, root: rootOf(n), secret: makeFileSecret(), preview };
}

function entryOf({ preview, ...file }: SealedFileBody) {
  return { ...sealedFileEntry(file), preview: preview && sealedPreviewEntry(preview) };
}

/** The file as the server's record lists it. */
function listedOf({ file, root, preview }: SealedFileBody) {
  const named = preview && { file: preview.file, size: 25, digest: toHex(preview.root) };
  return { file, name: "sealed", size: 316, chunks: 1, digest: toHex(root), preview: named };
}

async function scene() {
  const tables = new Map<string, Uint8Array>();
  const store = {
    get: (key: string) => tables.get(key),
    put: (key: string, value: Uint8Array) => void tables.set(key, value),
    delete: (key: string) => void tables.delete(key),
    list: ({ from, to, limit }: KeyRange) =>
      [...tables]
        .filter(([key]) => key >= from && key < to)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .slice(0, limit)
        .map(([key, value]) => ({ key, value })),
  };
  const vault = new Vault(store as never, await importStateKey(new Uint8Array(32)));
  const states = { transact: (work: (vault: Vault) => unknown) => work(vault) };
  const index = new FileIndex(states as unknown as RoomStates, () => 0);
  const tx = { vault, room: ROOM } as unknown as RoomTransaction;
  const list = (seq: number, ...files: readonly SealedFileBody[]) =>
    index.addRecord(tx, { seq, body: { files: files.map(listedOf) } } as unknown as ChatRecord);
  const read = (seq: number, user: string, ...files: readonly SealedFileBody[]) => {
    const body = { kind: "file", files: files.map(entryOf) };
    return vault.put(contentKey(ROOM, seq), { kind: "said", user, device: "d", body });
  };
  const post = async (seq: number, user: string, ...files: readonly SealedFileBody[]) => {
    await list(seq, ...files);
    await read(seq, user, ...files);
  };
  return { index, tx, vault, list, read, post };
}

test("finds each file and each preview of a message", async () => {
  const { index, post } = await scene();
  const preview = previewOf(idOf(8));
  await post(1, "ana", fileOf(1, preview), fileOf(2));
  expect(await index.find(idOf(1))).toMatchObject({ from: "ana", name: "1.jpg", sizeBytes: 300 });
  expect(await index.find(idOf(2))).toMatchObject({ from: "ana", name: "2.jpg" });
  const { root, secret, digest } = preview;
  const found = { file: idOf(8), name: "1.jpg", from: "ana", sizeBytes: 9, root, secret, digest };
  expect(await index.find(idOf(8))).toEqual({ ...found, folder: undefined, details: undefined });
  expect(await index.find(idOf(3))).toBeUndefined();
});

test("returns no ciphertext of a message that this device cannot read", async () => {
  const { index, list, read } = await scene();
  const file = fileOf(1, previewOf(idOf(8)));
  await list(1, file);
  for (const id of [idOf(1), idOf(8)]) expect(await index.find(id)).toBe("sealed");
  // The message is handed over later.
  await read(1, "ana", file);
  expect(await index.find(idOf(1))).toMatchObject({ from: "ana" });
});

test("prefers a file to the preview of another, and searches all messages", async () => {
  const { index, post, read } = await scene();
  await post(1, "eve", fileOf(2, previewOf(idOf(1))));
  await post(2, "ana", fileOf(1));
  expect(await index.find(idOf(1))).toMatchObject({ from: "ana", name: "1.jpg" });
  // Another message has taken the place of the first one.
  await post(3, "ana", fileOf(3));
  await read(3, "eve", fileOf(4));
  await post(4, "ana", fileOf(3));
  expect(await index.find(idOf(3))).toMatchObject({ from: "ana", name: "3.jpg" });
});

test("forms the entries of a post from stored secrets", async () => {
  const { index, tx } = await scene();
  const [file, preview] = [idOf(1), idOf(8)];
  const digest = rootOf(1);
  const attached = { file, size: 316, chunks: 1, digest };
  const withPreview = { ...attached, preview: { file: preview, size: 25, digest: rootOf(9) } };
  const code = async (...files: Parameters<FileIndex["entriesOf"]>[1]) => {
    const fault = await rejection(index.entriesOf(tx, files));
    return fault instanceof Fault ? fault.code : fault;
  };
  expect(await code(attached)).toBe("file-unknown");
  const secret = await index.secretOf(file);
  expect(await index.secretOf(file, true)).toEqual(secret);
  expect(await rejection(index.secretOf(preview, true))).toMatchObject({ code: "file-unknown" });
  expect(await code(attached)).toBe("file-unknown");
  await index.setEntry(file, (stored) => entryOf({ ...fileOf(1), secret: stored }));
  expect(await code(withPreview)).toBe("file-unknown");
  expect(await code({ ...attached, digest: rootOf(2) })).toBe("file-unknown");
  await index.secretOf(preview);
  await index.setEntry(preview, (stored) =>
    sealedPreviewEntry({ ...previewOf(preview), secret: stored }),
  );
  const [bare] = readSealedFiles({ files: await index.entriesOf(tx, [attached]) }) ?? [];
  expect(bare).toMatchObject({ file, name: "1.jpg", secret, preview: undefined });
  const [whole] = readSealedFiles({ files: await index.entriesOf(tx, [withPreview]) }) ?? [];
  expect(whole).toMatchObject({ file, preview: { file: preview, width: 4 } });
  expect(await index.uploads()).toEqual(new Set([file, preview]));
  await index.remove([file, preview]);
  expect(await code(attached)).toBe("file-unknown");
});

test("refuses invalid lists, and ignores malformed previews", () => {
  const preview = previewOf(idOf(8));
  const entry = entryOf(fileOf(1, preview));
  const read = (...files: readonly unknown[]) => readSealedFiles({ kind: "file", files });
  expect(read(entry)?.[0]?.preview).toEqual(preview);
  const lies = [
    { key: "short" },
    { prefix: undefined },
    { root: "x" },
    { size: 0 },
    { file: idOf(1) },
    { digest: 7 },
  ];
  for (const lie of lies) {
    const [file] = read({ ...entry, preview: { ...entry.preview, ...lie } }) ?? [];
    expect(file?.name).toBe("1.jpg");
    expect(file?.preview).toBeUndefined();
  }
  for (const value of [null, "text", [], 5])
    expect(read({ ...entry, preview: value })?.[0]?.preview).toBeUndefined();
  const many = (count: number) => Array.from({ length: count }, (_, n) => entryOf(fileOf(n)));
  expect(read(...many(FILES_PER_POST_MAX))).toHaveLength(FILES_PER_POST_MAX);
  const longest = "x".repeat(FILE_NAME_BYTES_MAX);
  expect(read({ ...entry, name: longest })).toHaveLength(1);
  for (const files of [
    [],
    many(FILES_PER_POST_MAX + 1),
    [entry, null],
    [entry, { ...entry, key: "" }],
    [{ ...entry, name: `${longest}x` }],
    [{ ...entry, chunk: 5 }],
  ])
    expect(read(...files)).toBeUndefined();
  expect(readSealedFiles({ files: entry })).toBeUndefined();
});
