/** Floods for `bench/floods.ts`: connections that send prepared bytes at maximum speed. */
import { utf8Encode } from "../src/base/bytes.ts";
import { MESSAGE_BYTES_MAX } from "../src/base/limits.ts";
import { Identity } from "../src/crypto/identity.ts";
import { deviceProofBytes } from "../src/crypto/signed-bytes.ts";
import { encodeFrame, OPCODE, WebSocketFrameReader } from "../src/io/ws/client-link.ts";
import { WebSocketUpgrade } from "../src/io/ws/upgrade.ts";
import { decode, encode } from "../src/wire/codec.ts";
import { type NoticeOf, WIRE_VERSION } from "../src/wire/messages.ts";
import { RawClient } from "./raw-client.ts";

const HOST = "127.0.0.1";
const CONNECTIONS = 16;
const BATCH_BYTES = 256 * 1024;
const WRONG_PASSWORD = "wrong password";

interface Account {
  readonly user: string;
  readonly device: Identity;
}

interface Flood {
  readonly stage: "tcp" | "ws" | "hello" | "member";
  /** Bytes to repeat; `undefined` to close the connection and reconnect immediately. */
  readonly bytes: Uint8Array | undefined;
  readonly ignoresAnswers?: boolean;
}

const frame = (message: Parameters<typeof encode>[0]) =>
  encodeFrame(OPCODE.binary, encode(message));
const unknownRequest = { kind: "teleport", ref: 1 } as unknown as Parameters<typeof encode>[0];
const request = (kind: string, ref: number, fields: object = {}) =>
  frame({ kind, ref, ...fields } as unknown as Parameters<typeof encode>[0]);
const http = (head: string, body = "") =>
  utf8Encode(`${head} HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: ${body.length}\r\n\r\n${body}`);

function login(ref: number): Uint8Array {
  const deviceKey = new Uint8Array(32);
  return request("login", ref, { user: "honest0", password: WRONG_PASSWORD, deviceKey });
}

const post = (ref: number) =>
  request("post", ref, {
    outbox: "AAAAAAAAAAA",
    counter: ref,
    to: "lobby",
    body: { text: "flood" },
  });

export const FLOODS: Readonly<Record<string, () => Flood>> = {
  "wrong log-ins": () => ({ stage: "hello", bytes: batchOf(login) }),
  "unknown requests": () => ({ stage: "hello", bytes: batchOf(() => frame(unknownRequest)) }),
  "unknown requests unread": () => ({
    stage: "hello",
    bytes: batchOf(() => frame(unknownRequest)),
    ignoresAnswers: true,
  }),
  "requests before log-in": () => ({
    stage: "hello",
    bytes: batchOf((ref) => request("who", ref)),
  }),
  "pings before log-in": () => ({ stage: "hello", bytes: batchOf(() => frame({ kind: "ping" })) }),
  "WebSocket pings": () => ({
    stage: "ws",
    bytes: batchOf(() => encodeFrame(OPCODE.ping, new Uint8Array(0))),
  }),
  "empty frames": () => ({
    stage: "ws",
    bytes: batchOf(() => encodeFrame(OPCODE.binary, new Uint8Array(0))),
  }),
  "empty fragments": () => ({ stage: "ws", bytes: batchOf(emptyFragment) }),
  "large frames": () => ({
    stage: "ws",
    bytes: encodeFrame(OPCODE.binary, new Uint8Array(MESSAGE_BYTES_MAX)),
  }),
  "random bytes": () => ({
    stage: "hello",
    bytes: batchOf(() => encodeFrame(OPCODE.binary, crypto.getRandomValues(new Uint8Array(300)))),
  }),
  "connect and close": () => ({ stage: "tcp", bytes: undefined }),
  "upgrade and close": () => ({ stage: "ws", bytes: undefined }),
  "GET /": () => ({ stage: "tcp", bytes: http("GET /") }),
  "GET /healthz": () => ({ stage: "tcp", bytes: http("GET /healthz") }),
  "GET /healthz pipelined": () => ({ stage: "tcp", bytes: batchOf(() => http("GET /healthz")) }),
  "POST with a wrong token": () => ({ stage: "tcp", bytes: http("POST /rooms/lobby", "flood") }),
  "member: too fast": () => ({ stage: "member", bytes: batchOf((ref) => request("who", ref)) }),
  "member: pings": () => ({ stage: "member", bytes: batchOf(() => frame({ kind: "ping" })) }),
  "member: unknown requests unread": () => ({
    stage: "member",
    bytes: batchOf(() => frame(unknownRequest)),
    ignoresAnswers: true,
  }),
  "member: posts": () => ({ stage: "member", bytes: batchOf(post) }),
  "member: large frames": () => ({ stage: "member", bytes: largeFrame() }),
};

function batchOf(makeFrame: (ref: number) => Uint8Array): Uint8Array {
  const frames: Uint8Array[] = [];
  for (let size = 0, ref = 1; size < BATCH_BYTES; ref++) {
    const frame = makeFrame(ref);
    frames.push(frame);
    size += frame.length;
  }
  return Buffer.concat(frames);
}

function emptyFragment(ref: number): Uint8Array {
  const bytes = encodeFrame(OPCODE.continuation, new Uint8Array(0));
  bytes[0] = ref === 1 ? OPCODE.binary : OPCODE.continuation;
  return bytes;
}

function largeFrame(): Uint8Array {
  const pad = new Uint8Array(MESSAGE_BYTES_MAX - 64);
  return frame({ ...unknownRequest, pad } as unknown as Parameters<typeof encode>[0]);
}

export async function runFlood(kind: string, port: number): Promise<void> {
  const flood = FLOODS[kind]?.();
  if (flood === undefined) throw new Error(`unknown flood ${kind}`);
  const device = Identity.generate();
  const user = `flood${process.pid}`;
  const makeFrame =
    flood.stage === "member" ? await RawClient.register(port, user, undefined, device) : undefined;
  makeFrame?.close();
  for (let i = 0; i < CONNECTIONS; i++) dial(flood, port, { user, device });
}

function dial(flood: Flood, port: number, account: Account): void {
  let onHandshakeData: (chunk: Uint8Array) => void = () => undefined;
  let isFlooding = false;
  let unsent: Uint8Array = new Uint8Array(0);
  const pump = (socket: { write(bytes: Uint8Array): number; end(): void }) => {
    isFlooding = true;
    if (flood.bytes === undefined) return void socket.end();
    // Yielding after each batch lets the process read answers and notice closed sockets.
    for (let batches = 0; batches < 8; batches++) {
      if (unsent.length === 0) unsent = flood.bytes;
      const written = socket.write(unsent);
      if (written <= 0) return;
      unsent = unsent.subarray(written);
      if (unsent.length > 0) return;
      if (flood.bytes.length < 1024) return;
    }
    setImmediate(() => pump(socket));
  };
  void Bun.connect({
    hostname: HOST,
    port,
    tls: { rejectUnauthorized: false },
    socket: {
      open: () => undefined,
      handshake: (socket) => {
        if (flood.stage === "tcp") return pump(socket);
        onHandshakeData = handshake(
          flood,
          account,
          (bytes) => void socket.write(bytes),
          () => {
            if (flood.ignoresAnswers === true) socket.pause();
            pump(socket);
          },
        );
      },
      data: (socket, bytes) => {
        if (!isFlooding) onHandshakeData(bytes);
        else if (flood.stage === "tcp") pump(socket);
      },
      drain: (socket) => {
        if (isFlooding) pump(socket);
      },
      error: () => undefined,
      connectError: () => undefined,
      close: () => void setImmediate(() => dial(flood, port, account)),
    },
  }).catch(() => void setImmediate(() => dial(flood, port, account)));
}

function handshake(
  { stage }: Flood,
  account: Account,
  write: (bytes: Uint8Array) => void,
  ready: () => void,
): (chunk: Uint8Array) => void {
  const upgrade = new WebSocketUpgrade(HOST);
  let isUpgraded = false;
  const clientNonce = crypto.getRandomValues(new Uint8Array(32));
  const logIn = (welcome: NoticeOf<"welcome">) => {
    const greeting = {
      certificateHash: welcome.certificate,
      clientNonce,
      serverNonce: welcome.nonce,
    };
    const { user, device } = account;
    const signature = device.sign(deviceProofBytes(greeting, user));
    write(request("login", 1, { user, deviceKey: device.publicKey, signature, presence: false }));
  };
  const reader = new WebSocketFrameReader({
    message: (bytes) => {
      const incoming = decode(bytes);
      const message = incoming.kind === "message" ? incoming.message : undefined;
      if (message?.kind === "welcome" && stage === "hello") ready();
      if (message?.kind === "welcome" && stage === "member") logIn(message);
      if (message?.kind === "ok") ready();
    },
    ping: () => undefined,
    close: () => undefined,
  });
  write(upgrade.request());
  return (chunk) => {
    let frames: Uint8Array | undefined = chunk;
    if (!isUpgraded) {
      try {
        frames = upgrade.feed(chunk);
      } catch {
        return;
      }
      if (frames === undefined) return;
      isUpgraded = true;
      if (stage === "ws") return ready();
      const versions = [WIRE_VERSION];
      write(frame({ kind: "hello", versions, client: "flood", nonce: clientNonce }));
    }
    if (frames.length > 0) reader.feed(frames);
  };
}
