/** IRC floods for `bench/floods.ts`: connections of one account, or without a log-in. */
import { RawClient } from "./raw-client.ts";

const HOST = "127.0.0.1";
const ACCOUNTS = 2_000;
const REGISTRATIONS = 16;
const LINES_PER_WRITE = 2_500;
const ROOMS = 50;
const LONG_TEXT = "*a* ".repeat(16_384);
const CAPS = ["batch", "message-tags", "server-time", "draft/chathistory", "labeled-response"];
/** Each set is rendered separately. */
const OPTIONAL_CAPS = ["message-tags", "server-time", "account-tag", "batch draft/multiline"];
const NICKS = Array.from({ length: 50 }, (_, i) => `crowd${i}`);
const TIMES = "timestamp=2020-01-01T00:00:00.000Z timestamp=2090-01-01T00:00:00.000Z";

/** Lines that a client sends after its log-in. */
const COMMANDS: Readonly<Record<string, string>> = {
  WHO: "WHO *",
  NAMES: "NAMES #lobby",
  LIST: "LIST",
  CHATHISTORY: "CHATHISTORY LATEST #flood * 1000",
  TARGETS: `CHATHISTORY TARGETS ${TIMES} 100`,
  MONITOR: "MONITOR S",
  ISON: `ISON ${NICKS.join(" ")}`,
};
const CONNECTIONS = [1, 32];

interface IrcFlood {
  readonly connections: number;
  /** Absent for clients that only read. */
  readonly command?: string;
  readonly isUnauthenticated?: true;
  readonly isPosting?: true;
}

export const IRC_FLOODS: Readonly<Record<string, IrcFlood>> = {
  ...Object.fromEntries(
    Object.entries(COMMANDS).flatMap(([name, command]) =>
      CONNECTIONS.map((connections) => [`irc ${name} x${connections}`, { connections, command }]),
    ),
  ),
  /** The same posts without IRC clients, for comparison. */
  "irc rendering x0": { connections: 0, isPosting: true },
  "irc rendering x1": { connections: 1, isPosting: true },
  "irc rendering x32": { connections: 32, isPosting: true },
  "irc before log-in": { connections: 30, command: "CAP LS 302", isUnauthenticated: true },
};

/** Registers the accounts that WHO and NAMES list. */
export async function registerCrowd(port: number): Promise<void> {
  let next = 0;
  const registerSome = async () => {
    while (next < ACCOUNTS) (await RawClient.register(port, `crowd${next++}`)).close();
  };
  await Promise.all(Array.from({ length: REGISTRATIONS }, registerSome));
}

export async function runIrcFlood(kind: string, port: number, ircPort: number): Promise<void> {
  const flood = IRC_FLOODS[kind];
  if (flood === undefined) throw new Error(`unknown flood ${kind}`);
  const name = `irc${process.pid}`;
  const member = await RawClient.register(port, name);
  const { password } = await member.request("irc-password", {});
  if (flood.isPosting === true) await member.request("join", { room: name, create: true });
  if (flood.command?.startsWith("CHATHISTORY") === true) await fillRooms(member);
  for (let i = 0; i < flood.connections; i++) connect(flood, i, ircPort, { name, password });
  if (flood.isPosting === true) postForever(member, name);
}

async function fillRooms(member: RawClient): Promise<void> {
  await member.request("join", { room: "flood", create: true });
  const texts = [...Array(500).fill("*hello* there"), ...Array(3).fill(LONG_TEXT)];
  await Promise.all(texts.map((text) => member.post("flood", text)));
  for (let i = 0; i < ROOMS; i++) {
    const room = `${process.pid}-${i}`;
    await member.request("join", { room, create: true });
    await member.post(room, "hello");
  }
}

function postForever(member: RawClient, room: string): void {
  const post = async (): Promise<void> => {
    await member.post(room, LONG_TEXT).catch(() => Bun.sleep(10));
    await post();
  };
  for (let i = 0; i < 16; i++) void post();
}

function connect(
  flood: IrcFlood,
  index: number,
  port: number,
  account: { readonly name: string; readonly password: string },
): void {
  const { command, isUnauthenticated } = flood;
  const lines = Buffer.from(`${command}\r\n`.repeat(isUnauthenticated ? 680 : LINES_PER_WRITE));
  let unsent: Uint8Array = new Uint8Array(0);
  let isFlooding = false;
  const pump = (socket: { write(bytes: Uint8Array): number }) => {
    if (command === undefined || !isFlooding) return;
    if (unsent.length === 0) unsent = lines;
    unsent = unsent.subarray(Math.max(0, socket.write(unsent)));
    if (unsent.length === 0 && isUnauthenticated !== true) setImmediate(() => pump(socket));
  };
  const again = () => void setTimeout(() => connect(flood, index, port, account), 1);
  void Bun.connect({
    hostname: HOST,
    port,
    socket: {
      open: (socket) => {
        isFlooding = isUnauthenticated === true;
        if (isFlooding) return pump(socket);
        socket.write(registration(flood, index, account));
      },
      data: (socket, bytes) => {
        if (isFlooding || !bytes.includes(" 001 ")) return;
        isFlooding = true;
        if (command === COMMANDS["MONITOR"]) socket.write(`MONITOR + ${NICKS.join(",")}\r\n`);
        pump(socket);
      },
      drain: pump,
      error: () => undefined,
      connectError: () => undefined,
      close: again,
    },
  }).catch(again);
}

function registration(
  { isPosting }: IrcFlood,
  index: number,
  { name, password }: { readonly name: string; readonly password: string },
): string {
  const optional = OPTIONAL_CAPS.filter((_, bit) => (index & (1 << bit)) !== 0);
  const caps = isPosting ? optional : CAPS;
  const lines = [`PASS ${name}:${password}`, `NICK ${name}`, `USER ${name} 0 * :flood`];
  if (caps.length > 0) lines.splice(0, 0, `CAP REQ :${caps.join(" ")}`);
  if (caps.length > 0) lines.push("CAP END");
  return `${lines.join("\r\n")}\r\n`;
}
