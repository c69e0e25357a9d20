import { connect } from "node:tls";
import { within } from "../event.ts";
import type { SeededRandom } from "../worlds/seeded-random.ts";
import type { Facts } from "./facts.ts";

const ANSWER_MS = 200;
const NUMBERS = [
  ...["0", "1", "-1", "2147483647", "2147483648", "4294967296", "9007199254740991"],
  ...["18446744073709551616", "NaN", "1e9", "0x10", "", " ", "00", "1.5", "+1"],
];
const TEXTS = ["x", "\0", "\u202e", "%00", "%ff", "%", "..", "__proto__", "💬", "\u2028"];

export async function anyHttp(random: SeededRandom, facts: Facts, port: number) {
  const text = requestOf(random, facts, `127.0.0.1:${port}`);
  return { status: await statusOf(port, text), text: text.slice(0, 300) };
}

function requestOf(random: SeededRandom, facts: Facts, host: string): string {
  const body = random.pick(["", "hello", "{}", "\0", "x".repeat(65_536), "x".repeat(65_539)]);
  const length = random.chance(0.8) ? String(Buffer.byteLength(body)) : random.pick(NUMBERS);
  const isPost = random.chance(0.5);
  const token = random.chance(0.7) ? facts.draw("postToken", random) : facts.draw("token", random);
  const lines = [
    `${isPost ? "POST" : random.pick(METHODS)} ${path(random, facts, isPost)} HTTP/1.1`,
    `Host: ${random.chance(0.9) ? host : random.pick(HOSTS)}`,
    "Connection: close",
    ...(random.chance(0.8) ? [`Authorization: Bearer ${String(token)}`] : []),
    ...(isPost || random.chance(0.2) ? [`Content-Length: ${length}`] : []),
    ...(random.chance(0.5) ? [`Content-Type: ${random.pick(TYPES)}`] : []),
    ...(random.chance(0.3) ? [`Idempotency-Key: ${random.pick(KEYS)}`] : []),
    ...(random.chance(0.5) ? [`Range: ${range(random)}`] : []),
    ...(random.chance(0.2) ? [`If-None-Match: ${random.pick(TEXTS)}`] : []),
    ...(random.chance(0.2)
      ? [`Accept-Encoding: ${random.pick(["br", "gzip;q=NaN", "*", ""])}`]
      : []),
  ];
  return `${lines.join("\r\n")}\r\n\r\n${isPost || random.chance(0.2) ? body : ""}`;
}

const METHODS = ["GET", "GET", "GET", "HEAD", "OPTIONS", "PUT", "x"];
const HOSTS = ["", "x", "[::1", "127.0.0.1:99999", "a b", "localhost", "\u00e9", "x".repeat(300)];
const TYPES = ["text/plain; charset=utf-8", "text/plain; charset=utf-16", "application/json", ""];
const KEYS = ["a", "", "x".repeat(64), "x".repeat(200), "x".repeat(300), "\u00e9", "__proto__"];

function range(random: SeededRandom): string {
  const [from, to] = [random.pick(NUMBERS), random.pick(NUMBERS)];
  return random.pick([
    `bytes=${from}-${to}`,
    `bytes=-${to}`,
    `bytes=${from}-${to},${to}-`,
    "bytes=",
  ]);
}

function path(random: SeededRandom, facts: Facts, isPost: boolean): string {
  const room = facts.draw("roomName", random) ?? "lobby";
  const paths = ["/", "/healthz", "/metrics", "/ws", "/files/", "/files/x", "/rooms/", "//", "*"];
  const odd = `/${random.pick(["", "files/", "rooms/"])}${encodeURI(random.pick(TEXTS))}`;
  const known = isPost
    ? `/rooms/${String(room)}`
    : (facts.draw("path", random) ?? random.pick(paths));
  const key = random.pick(["after", "wait", "entries", "folder", "zip", "download", "x", "["]);
  const query = `?${key}=${encodeURIComponent(random.pick([...NUMBERS, ...TEXTS]))}`;
  return `${random.chance(0.7) ? String(known) : odd}${random.chance(0.5) ? query : ""}`;
}

async function statusOf(port: number, request: string): Promise<number> {
  const answered = Promise.withResolvers<number>();
  const socket = connect({ host: "127.0.0.1", port, rejectUnauthorized: false });
  socket.on("secureConnect", () => socket.write(request));
  socket.on("data", (bytes) => {
    const status = /^HTTP\/1\.\d (\d{3})/.exec(bytes.toString("latin1"))?.[1];
    answered.resolve(Number(status ?? 0));
  });
  socket.on("error", () => answered.resolve(0));
  socket.on("close", () => answered.resolve(0));
  try {
    return await within("an answer", answered.promise, ANSWER_MS);
  } catch {
    return 0;
  } finally {
    socket.destroy();
  }
}
