/** Sender of the bare prototype: `bun bench/transfer-bare-client.ts PORT PATH`. */
import { openSync, readSync } from "node:fs";
import { basename } from "node:path";
import { CHUNK_BYTES, HASH_BYTES, WINDOW_CHUNKS } from "./transfer-bare-frame.ts";

const [port = "", path = ""] = process.argv.slice(2);
const fd = openSync(path, "r");
const frame = new Uint8Array(HASH_BYTES + CHUNK_BYTES);
const digest = new Bun.CryptoHasher("sha256");
let sent = 0;
let isAtEnd = false;

const socket = new WebSocket(`wss://127.0.0.1:${port}`, { tls: { rejectUnauthorized: false } });
socket.binaryType = "nodebuffer";
socket.onopen = () => socket.send(basename(path));
socket.onmessage = ({ data }: MessageEvent<Buffer>) => {
  if (data.length === HASH_BYTES) process.exit(0);
  fill(data.readUInt32LE(0));
};
socket.onclose = () => process.exit(1);

function fill(acked: number): void {
  while (!isAtEnd && sent - acked < WINDOW_CHUNKS) {
    const got = readSync(fd, frame, HASH_BYTES, CHUNK_BYTES, null);
    isAtEnd = got === 0;
    if (isAtEnd) break;
    const bytes = frame.subarray(HASH_BYTES, HASH_BYTES + got);
    Bun.SHA256.hash(bytes, frame.subarray(0, HASH_BYTES));
    digest.update(frame.subarray(0, HASH_BYTES));
    socket.send(frame.subarray(0, HASH_BYTES + got));
    sent += 1;
  }
  if (isAtEnd && acked === sent) socket.send(digest.digest());
}
