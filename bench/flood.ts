/**
 * Floods for `bench/hostile.ts`: connections that send prepared bytes as fast as the server reads
 * them, and that dial again whenever they are closed.
 */
import { utf8Encode } from "../src/base/bytes.ts";
import { MESSAGE_BYTES_MAX } from "../src/base/limits.ts";
import { Identity } from "../src/crypto/identity.ts";
import { deviceProofBytes } from "../src/crypto/signed-bytes.ts";
import { encodeFrame, FrameReader, OPCODE } from "../src/io/ws/frame.ts";
import { Upgrade } from "../src/io/ws/upgrade.ts";
import { decode, encode } from "../src/wire/codec.ts";
import { type NoticeOf, VERSION } from "../src/wire/messages.ts";
import { RawClient } from "./raw-client.ts";

const HOST = "127.0.0.1";
const CONNECTIONS = 16;
/** One write. */
const BATCH_BYTES = 256 * 1024;
const WRONG_PASSWORD = "wrong password";

interface Account {
  readonly user: string;
  readonly device: Identity;
}

interface Flood {
  /** "tcp" sends nothing but `bytes`; "ws" upgrades first, "hello" greets, "member" logs in. */
  readonly stage: "tcp" | "ws" | "hello" | "member";
  /** Sent again and again; `undefined`: the connection is closed at once and dialled again. */
  readonly bytes: Uint8Array | undefined;
  /** Leaves the server's answers in the socket. */
  readonly isDeaf?: boolean;
}

const frame = (message: Parameters<typeof encode>[0]) =>
  encodeFrame(OPCODE.binary, encode(message));
const unknown = { kind: "teleport", ref: 1 } as unknown as Parameters<typeof encode>[0];
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
    ...{ outbox: "AAAAAAAAAAA", counter: ref, to: "lobby", body: { text: "flood" } },
  });

export const FLOODS: Readonly<Record<string, () => Flood>> = {
  "wrong log-ins": () => ({ stage: "hello", bytes: many(login) }),
  "unknown requests": () => ({ stage: "hello", bytes: many(() => frame(unknown)) }),
  "unknown requests unread": () => ({
    ...{ stage: "hello", bytes: many(() => frame(unknown)), isDeaf: true },
  }),
  "requests before log-in": () => ({ stage: "hello", bytes: many((ref) => request("who", ref)) }),
  "pings before log-in": () => ({ stage: "hello", bytes: many(() => frame({ kind: "ping" })) }),
  "WebSocket pings": () => ({
    stage: "ws",
    bytes: many(() => encodeFrame(OPCODE.ping, new Uint8Array(0))),
  }),
  "empty frames": () => ({
    stage: "ws",
    bytes: many(() => encodeFrame(OPCODE.binary, new Uint8Array(0))),
  }),
  "empty fragments": () => ({ stage: "ws", bytes: many(emptyFragment) }),
  "large frames": () => ({
    stage: "ws",
    bytes: encodeFrame(OPCODE.binary, new Uint8Array(MESSAGE_BYTES_MAX)),
  }),
  "random bytes": () => ({
    stage: "hello",
    bytes: many(() => encodeFrame(OPCODE.binary, crypto.getRandomValues(new Uint8Array(300)))),
  }),
  "connect and close": () => ({ stage: "tcp", bytes: undefined }),
  "upgrade and close": () => ({ stage: "ws", bytes: undefined }),
  "GET /": () => ({ stage: "tcp", bytes: http("GET /") }),
  "GET /healthz": () => ({ stage: "tcp", bytes: http("GET /healthz") }),
  "GET /healthz pipelined": () => ({ stage: "tcp", bytes: many(() => http("GET /healthz")) }),
  "POST with a wrong token": () => ({
    stage: "tcp",
    bytes: http("POST /rooms/lobby", "flood"),
  }),
  "member: too fast": () => ({ stage: "member", bytes: many((ref) => request("who", ref)) }),
  "member: pings": () => ({ stage: "member", bytes: many(() => frame({ kind: "ping" })) }),
  "member: unknown requests unread": () => ({
    ...{ stage: "member", bytes: many(() => frame(unknown)), isDeaf: true },
  }),
  "member: posts": () => ({ stage: "member", bytes: many(post) }),
  "member: large frames": () => ({ stage: "member", bytes: largeFrame() }),
};

function many(one: (ref: number) => Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [];
  for (let size = 0, ref = 1; size < BATCH_BYTES; ref++) {
    const part = one(ref);
    parts.push(part);
    size += part.length;
  }
  return Buffer.concat(parts);
}

/** Of a message that never ends. */
function emptyFragment(ref: number): Uint8Array {
  const bytes = encodeFrame(OPCODE.continuation, new Uint8Array(0));
  bytes[0] = ref === 1 ? OPCODE.binary : OPCODE.continuation;
  return bytes;
}

/** A message of the greatest length whose kind nobody knows. */
function largeFrame(): Uint8Array {
  const pad = new Uint8Array(MESSAGE_BYTES_MAX - 64);
  return frame({ ...unknown, pad } as unknown as Parameters<typeof encode>[0]);
}

/** Goes on until the process is killed. */
export async function runFlood(kind: string, port: number): Promise<void> {
  const flood = FLOODS[kind]?.();
  if (flood === undefined) throw new Error(`no flood is called ${kind}`);
  const device = Identity.generate();
  const user = `flood${process.pid}`;
  const one =
    flood.stage === "member" ? await RawClient.register(port, user, undefined, device) : undefined;
  one?.close();
  for (let i = 0; i < CONNECTIONS; i++) dial(flood, port, { user, device });
}

function dial(flood: Flood, port: number, account: Account): void {
  let begin: (chunk: Uint8Array) => void = () => undefined;
  let isFlooding = false;
  let rest: Uint8Array = new Uint8Array(0);
  const pump = (socket: { write(bytes: Uint8Array): number; end(): void }) => {
    isFlooding = true;
    if (flood.bytes === undefined) return void socket.end();
    // A turn of its own event loop for each batch: answers are read, closed sockets are noticed.
    for (let batches = 0; batches < 8; batches++) {
      if (rest.length === 0) rest = flood.bytes;
      const written = socket.write(rest);
      if (written <= 0) return;
      rest = rest.subarray(written);
      if (rest.length > 0) return;
      // One request at a time, as programs do: the next follows the answer.
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
        begin = stages(
          flood,
          account,
          (bytes) => void socket.write(bytes),
          () => {
            if (flood.isDeaf === true) socket.pause();
            pump(socket);
          },
        );
      },
      data: (socket, bytes) => {
        if (!isFlooding) begin(bytes);
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

/** Upgrade, hello and log-in, as far as the flood needs them. */
function stages(
  { stage }: Flood,
  account: Account,
  write: (bytes: Uint8Array) => void,
  ready: () => void,
): (chunk: Uint8Array) => void {
  const upgrade = new Upgrade(HOST);
  let isUpgraded = false;
  const clientNonce = crypto.getRandomValues(new Uint8Array(32));
  const enter = (welcome: NoticeOf<"welcome">) => {
    const greeting = {
      certificateHash: welcome.certificate,
      clientNonce,
      serverNonce: welcome.nonce,
    };
    const { user, device } = account;
    const signature = device.sign(deviceProofBytes(greeting, user));
    write(request("login", 1, { user, deviceKey: device.publicKey, signature, presence: false }));
  };
  const reader = new FrameReader({
    message: (bytes) => {
      const incoming = decode(bytes);
      const message = incoming.kind === "message" ? incoming.message : undefined;
      if (message?.kind === "welcome" && stage === "hello") ready();
      if (message?.kind === "welcome" && stage === "member") enter(message);
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
        return; // Refused: the server closes.
      }
      if (frames === undefined) return;
      isUpgraded = true;
      if (stage === "ws") return ready();
      const versions = [VERSION];
      write(frame({ kind: "hello", versions, client: "flood", nonce: clientNonce }));
    }
    if (frames.length > 0) reader.feed(frames);
  };
}
