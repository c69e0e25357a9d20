/** IRC servers with TLS and without flood protection: ngIRCd, and the gateway of chat. */
import { type Contestant, TEXT_BYTES } from "./fan-out-contestant.ts";
import { type ServerInstance, startProgram } from "./fan-out-program.ts";
import { freePort } from "./harness.ts";
import { RawClient } from "./raw-client.ts";
import { startServer, UNLIMITED } from "./server-process.ts";
import { TextClient } from "./text-client.ts";

/** ngIRCd reads 2 KiB at once, and reads the rest of a longer TLS record only when more arrives. */
const WRITE_BYTES_MAX = 1_500;
const CHANNEL = "#bench";
const PATTERN = { marker: `PRIVMSG ${CHANNEL} :`, length: TEXT_BYTES };

const ngircdConfig = ({ port, folder }: ServerInstance) => `[Global]
Name = irc.bench.test
Info = bench
AdminInfo1 = bench
Listen = 127.0.0.1
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
[SSL]
CertFile = ${folder}/cert.pem
KeyFile = ${folder}/key.pem
Ports = ${port}
`;

export const ngircd: Contestant = {
  name: "ngIRCd + TLS",
  program: "ngircd",
  start: () =>
    startProgram({
      program: "ngircd",
      arguments: (path) => ["--nodaemon", "--config", path],
      config: ngircdConfig,
    }),
  makeReader: async (port, index, sink) => {
    const client = await connect(port, `r${index}`);
    await client.request(`JOIN ${CHANNEL}\r\n`, " 366 ");
    client.watch(PATTERN, (bytes, offset) => sink.delivered(bytes, offset));
    return client;
  },
  makeSender: async (port, index) => {
    const client = await connect(port, `s${index}`);
    const send = (text: string) => client.send(`${PATTERN.marker}${text}\r\n`);
    return { send, close: () => client.close() };
  },
};

async function connect(port: number, nick: string): Promise<TextClient> {
  const client = await TextClient.connect(port, { writeBytesMax: WRITE_BYTES_MAX });
  await client.request(`NICK ${nick}\r\nUSER ${nick} 0 * :bench\r\n`, " 001 ");
  return client;
}

const LOBBY = { marker: "PRIVMSG #lobby :", length: TEXT_BYTES };

/** Distance of the port for chat's own protocol, below the ports that systems assign. */
const WEB_PORT_OFFSET = -20_000;

export const ircGateway: Contestant = {
  name: "chat serve --irc-tls",
  start: async () => {
    const port = freePort();
    const flags = [...UNLIMITED, "--irc-tls", `127.0.0.1:${port}`];
    const server = await startServer(flags, undefined, port + WEB_PORT_OFFSET);
    return { pid: server.pid, port, stop: () => server.stop() };
  },
  makeReader: async (port, index, sink) => {
    const client = await connectAccount(port, `reader-${index}`);
    client.watch(LOBBY, (bytes, offset) => sink.delivered(bytes, offset));
    return client;
  },
  makeSender: async (port, index) => {
    const client = await connectAccount(port, `sender-${index}`);
    client.watch(LOBBY, () => undefined);
    const send = (text: string) => client.send(`${LOBBY.marker}${text}\r\n`);
    return { send, close: () => client.close() };
  },
};

async function connectAccount(port: number, name: string): Promise<TextClient> {
  const account = await RawClient.register(port + WEB_PORT_OFFSET, name);
  const { password } = await account.request("irc-password", {});
  account.close();
  const client = await TextClient.connect(port);
  client.onChunk = (chunk) => answerPing(client, chunk);
  const registration = `PASS ${name}:${password}\r\nNICK ${name}\r\nUSER ${name} 0 * :bench\r\n`;
  await client.request(registration, " 366 ");
  return client;
}

/** Confirms received messages as IRC clients do. A PING that two chunks share stays unanswered. */
function answerPing(client: TextClient, chunk: Buffer): void {
  const at = chunk.indexOf("PING received-");
  const end = at < 0 ? -1 : chunk.indexOf("\r\n", at);
  if (end >= 0) client.send(`PONG ${chunk.toString("latin1", at + "PING ".length, end)}\r\n`);
}
