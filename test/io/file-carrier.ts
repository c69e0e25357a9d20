import type { FileId } from "../../src/base/ids.ts";
import { CHUNK_BYTES } from "../../src/base/limits.ts";
import { sha256 } from "../../src/crypto/sha256.ts";
import type { FolderSize, Sink, Source } from "../../src/io/blob/interfaces.ts";
import { openSink, type SinkOptions } from "../../src/io/file/sink.ts";
import { encodeManifest, type ManifestEntry } from "../../src/wire/manifest.ts";

const FILE = "fAAAAAAAAAAA" as FileId;

export async function sinkFor(
  source: Source,
  folder: string,
  changes: Partial<SinkOptions> = {},
): Promise<Sink> {
  const { name, sizeBytes, folder: folderSize, details } = source;
  return await openSink({
    folder,
    name,
    file: FILE,
    server: "fingerprint",
    sha256,
    details,
    ...(sizeBytes === undefined ? {} : { sizeBytes }),
    ...(folderSize === undefined ? {} : { folderSize }),
    ...changes,
  });
}

export async function pour(source: Source, sink: Sink, upTo = Number.MAX_VALUE): Promise<void> {
  for (let index = sink.have; index < upTo; index++) {
    const bytes = await source.read(index);
    if (bytes === undefined) return;
    await sink.append(sha256(bytes), bytes);
    if (index % 64 === 63) await sink.sync();
    source.release(index + 1);
  }
}

export async function carry(
  source: Source,
  folder: string,
  changes: Partial<SinkOptions> = {},
): Promise<{ readonly path: string; readonly digest: string }> {
  const sink = await sinkFor(source, folder, changes);
  await pour(source, sink);
  const digest = Buffer.from(sink.digest()).toString("hex");
  const path = await sink.finish();
  source.close();
  return { path, digest };
}

export function sent(name: string, bytes: Uint8Array, folder?: FolderSize): Source {
  return {
    name,
    sizeBytes: bytes.length,
    skipped: [],
    ...(folder === undefined ? {} : { folder }),
    read: async (index) => {
      const chunk = bytes.subarray(index * CHUNK_BYTES, (index + 1) * CHUNK_BYTES);
      return chunk.length === 0 ? undefined : chunk;
    },
    release: () => undefined,
    close: () => undefined,
  };
}

export function sentFolder(name: string, unsorted: readonly string[], padBytes = 0): Source {
  const paths = [...unsorted].sort();
  const contents = paths.map((path) => Buffer.from(`this is ${path}`.padEnd(padBytes)));
  const entries = paths.map((path, i): ManifestEntry => {
    return { path, size: contents[i]?.length ?? 0, mode: 0o644, mtime: 1_763_617_717_003 };
  });
  const manifest = encodeManifest(entries);
  const bytes = Buffer.concat([manifest, ...contents]);
  return sent(name, bytes, { entries: entries.length, manifestBytes: manifest.length });
}
