/** Two widely used IRC servers, without TLS and with flood protection disabled. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type Client,
  type Contestant,
  type RunningServer,
  type Sender,
  type Sink,
  stopChild,
} from "./fan-out-contestant.ts";
import { acceptsConnections, freePort } from "./free-port.ts";

const CHANNEL = "#bench";
const NEWLINE = 0x0a;
const SPACE = 0x20;
const COLON = 0x3a;
const LETTER_P = 0x50;
const LETTER_R = 0x52;
const START_TIMEOUT_MS = 5_000;
/** Maximum unparsed bytes carried over to the next chunk. IRC lines have at most 512 bytes. */
const LINE_BYTES_MAX = 4_096;

type Config = (port: number, folder: string) => string;

const NGIRCD: Config = (port) => `[Global]
Name = irc.bench.test
Info = bench
AdminInfo1 = bench
Listen = 127.0.0.1
Ports = ${port}
MotdPhrase = none
PidFile =
[Limits]
MaxConnections = 0
MaxConnectionsIP = 0
MaxJoins = 0
MaxPenaltyTime = 0
PingTimeout = 600
[Options]
DNS = no
Ident = no
PAM = no
Syslog = no
`;

const INSPIRCD: Config = (port, folder) => `
<server name="irc.bench.test" description="bench" network="bench" id="1BE">
<admin name="bench" nick="bench" email="bench@bench.test">
<path configdir="${folder}" datadir="${folder}" logdir="${folder}" runtimedir="${folder}">
<pid file="${folder}/pid">
<bind address="127.0.0.1" port="${port}" type="clients">
<connect name="all" allow="*" timeout="20" pingfreq="600" hardsendq="67108864" softsendq="67108864"
  recvq="1048576" localmax="20000" globalmax="20000" limit="20000" maxconnwarn="no" fakelag="no"
  threshold="1000000" commandrate="1000000000" resolvehostnames="no" useident="no" modes="">
<options defaultmodes="">
<performance netbuffersize="65534" somaxconn="4096" quietbursts="yes">
<log method="file" type="*" level="default" target="${folder}/log">
`;

const NGIRCD_FLAGS = ["--nodaemon", "--config"];
export const ngircd = ircContestant("ngIRCd", "/usr/sbin/ngircd", NGIRCD_FLAGS, NGIRCD);

const INSPIRCD_FLAGS = ["--nofork", "--nolog", "--runasroot", "--config"];
export const inspircd = ircContestant("InspIRCd", "/usr/sbin/inspircd", INSPIRCD_FLAGS, INSPIRCD);

function ircContestant(
  name: string,
  program: string,
  flags: readonly string[],
  config: Config,
): Contestant {
  return {
    name,
    program,
    start: () => start(name, config, (conf) => [program, ...flags, conf]),
    makeReader: (port, index, sink) => IrcClient.connect(port, `r${index}`, sink),
    makeSender: (port, index) => IrcClient.connect(port, `s${index}`, undefined),
  };
}

async function start(
  name: string,
  config: Config,
  command: (conf: string) => string[],
): Promise<RunningServer> {
  const folder = mkdtempSync(join(tmpdir(), "chat-bench-"));
  const port = freePort();
  const conf = join(folder, "irc.conf");
  writeFileSync(conf, config(port, folder), { mode: 0o644 });
  const child = Bun.spawn(command(conf), { stdout: "ignore", stderr: "ignore" });
  const stop = async () => {
    await stopChild(child);
    rmSync(folder, { recursive: true });
  };
  const until = performance.now() + START_TIMEOUT_MS;
  while (!(await acceptsConnections(port))) {
    if (performance.now() > until || child.exitCode !== null) {
      await stop();
      throw new Error(`${name} did not start`);
    }
    await Bun.sleep(20);
  }
  return { pid: child.pid, port, stop };
}

class IrcClient implements Sender, Client {
  readonly #nick: string;
  readonly #sink: Sink | undefined;
  readonly #joined = Promise.withResolvers<void>();
  #socket: Bun.Socket | undefined;
  #partialLine = new Uint8Array(0);
  #unsent: Uint8Array[] = [];

  private constructor(nick: string, sink: Sink | undefined) {
    this.#nick = nick;
    this.#sink = sink;
  }

  static async connect(port: number, nick: string, sink: Sink | undefined): Promise<IrcClient> {
    const client = new IrcClient(nick, sink);
    client.#socket = await Bun.connect({
      hostname: "127.0.0.1",
      port,
      socket: {
        binaryType: "uint8array",
        open: (socket) => void socket.write(`NICK ${nick}\r\nUSER ${nick} 0 * :bench\r\n`),
        data: (_, chunk) => client.#onData(chunk),
        drain: () => client.#flush(),
        close: () => client.#joined.reject(new Error("the server closed the connection")),
      },
    });
    await client.#joined.promise;
    return client;
  }

  send(text: string): void {
    this.#unsent.push(Buffer.from(`PRIVMSG ${CHANNEL} :${text}\r\n`));
    if (this.#unsent.length === 1) queueMicrotask(() => this.#flush());
  }

  close(): void {
    this.#socket?.end();
  }

  #flush(): void {
    if (this.#unsent.length === 0) return;
    const all = Buffer.concat(this.#unsent);
    const written = Math.max(0, this.#socket?.write(all) ?? 0);
    this.#unsent = written < all.length ? [all.subarray(written)] : [];
  }

  #onData(chunk: Uint8Array): void {
    let bytes = chunk;
    if (this.#partialLine.length > 0) bytes = Buffer.concat([this.#partialLine, chunk]);
    let start = 0;
    for (;;) {
      const end = bytes.indexOf(NEWLINE, start);
      if (end < 0) break;
      this.#onLine(bytes, start, end);
      start = end + 1;
    }
    this.#partialLine = bytes.slice(start);
    if (this.#partialLine.length > LINE_BYTES_MAX) throw new Error("unterminated line");
  }

  #onLine(bytes: Uint8Array, start: number, end: number): void {
    const space = bytes.indexOf(SPACE, start);
    if (bytes[space + 1] === LETTER_P && bytes[space + 2] === LETTER_R) {
      this.#sink?.delivered(bytes, bytes.indexOf(COLON, space) + 1);
      return;
    }
    if (bytes[start] !== COLON || bytes[space + 1] === LETTER_P) {
      const [command, ...args] = Buffer.from(bytes.subarray(start, end))
        .toString()
        .trim()
        .split(" ");
      if (command === "PING") this.#socket?.write(`PONG ${args.join(" ")}\r\n`);
      return;
    }
    const code = Buffer.from(bytes.subarray(space + 1, space + 4)).toString();
    const isReader = this.#sink !== undefined;
    if (code === "001" && isReader) this.#socket?.write(`JOIN ${CHANNEL}\r\n`);
    if (code === "001" && !isReader) this.#joined.resolve();
    if (code === "366") this.#joined.resolve();
    if (code === "433") this.#joined.reject(new Error(`${this.#nick} is taken`));
  }
}
