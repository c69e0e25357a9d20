/**
 * Receiver of the bare prototype, a lower bound for checked, durable uploads: `bun
 * bench/transfer-bare-server.ts FOLDER` prints its port.
 */

import { writeSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import { makeCertificate } from "../src/crypto/certificate.ts";
import { CHUNK_BYTES, HASH_BYTES, SYNC_CHUNKS } from "./transfer-bare-frame.ts";

interface Upload {
  file: FileHandle | undefined;
  chunks: number;
  readonly digest: Bun.CryptoHasher;
  syncing: Promise<void>;
}

const folder = process.argv[2] ?? "";
const certificate = await makeCertificate();
const hash = new Uint8Array(HASH_BYTES);
const server = Bun.serve<Upload>({
  hostname: "127.0.0.1",
  port: 0,
  tls: { cert: certificate.certPem, key: certificate.keyPem },
  fetch: (request, self) => {
    const digest = new Bun.CryptoHasher("sha256");
    const data = { file: undefined, chunks: 0, digest, syncing: Promise.resolve() };
    return self.upgrade(request, { data }) ? undefined : new Response();
  },
  websocket: {
    maxPayloadLength: HASH_BYTES + CHUNK_BYTES,
    perMessageDeflate: false,
    message: (socket, message) => {
      if (typeof message === "string") return begin(socket, message);
      if (message.length === HASH_BYTES) return void end(socket, message);
      storeChunk(socket.data, message);
      socket.sendBinary(Uint32Array.of(socket.data.chunks));
    },
  },
});
process.stdout.write(String(server.port));

function begin(socket: Bun.ServerWebSocket<Upload>, name: string): void {
  void open(join(folder, name), "w").then((file) => {
    socket.data.file = file;
    socket.sendBinary(Uint32Array.of(0));
  });
}

function storeChunk(upload: Upload, message: Buffer): void {
  const bytes = message.subarray(HASH_BYTES);
  Bun.SHA256.hash(bytes, hash);
  if (message.compare(hash, 0, HASH_BYTES, 0, HASH_BYTES) !== 0) throw new Error("wrong checksum");
  const { file } = upload;
  if (file === undefined) throw new Error("chunk before file name");
  writeSync(file.fd, bytes);
  upload.digest.update(hash);
  upload.chunks += 1;
  if (upload.chunks % SYNC_CHUNKS === 0) {
    upload.syncing = upload.syncing.then(() => file.datasync());
  }
}

async function end(socket: Bun.ServerWebSocket<Upload>, digest: Buffer): Promise<void> {
  const { data } = socket;
  await data.syncing;
  await data.file?.datasync();
  await data.file?.close();
  if (!digest.equals(data.digest.digest())) throw new Error("wrong digest");
  socket.sendBinary(digest);
}
