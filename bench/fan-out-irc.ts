/**
 * IRC servers with TLS and without flood protection: two widely used ones, which store no messages,
 * and the gateway of chat.
 */
import { type Contestant, TEXT_BYTES } from "./fan-out-contestant.ts";
import { type ServerInstance, startProgram } from "./fan-out-program.ts";
import { freePort } from "./free-port.ts";
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

const inspircdConfig = ({ port, folder }: ServerInstance) => `
<server name="irc.bench.test" description="bench" network="bench" id="1BE">
<admin name="bench" nick="bench" email="bench@bench.test">
<path configdir="${folder}" datadir="${folder}" logdir="${folder}" runtimedir="${folder}">
<pid file="${folder}/pid">
<module name="ssl_gnutls">
<sslprofile name="bench" provider="gnutls" certfile="${folder}/cert.pem"
  keyfile="${folder}/key.pem">
<bind address="127.0.0.1" port="${port}" type="clients" sslprofile="bench">
<connect name="all" allow="*" timeout="20" pingfreq="600" hardsendq="67108864" softsendq="67108864"
  recvq="1048576" localmax="20000" globalmax="20000" limit="20000" maxconnwarn="no" fakelag="no"
  threshold="1000000" commandrate="1000000000" resolvehostnames="no" useident="no" modes="">
<options defaultmodes="">
<performance netbuffersize="65534" somaxconn="4096" quietbursts="yes">
<log method="file" type="*" level="default" target="${folder}/log">
`;

const NGIRCD_FLAGS = ["--nodaemon", "--config"];
export const ngircd = ircContestant("ngIRCd + TLS", "ngircd", NGIRCD_FLAGS, ngircdConfig);

const INSPIRCD_FLAGS = ["--nofork", "--nolog", "--runasroot", "--config"];
export const inspircd = ircContestant("InspIRCd + TLS", "inspircd", INSPIRCD_FLAGS, inspircdConfig);

function ircContestant(
  name: string,
  program: string,
  flags: readonly string[],
  config: (instance: ServerInstance) => string,
): Contestant {
  return {
    name,
    program,
    guarantee: "no history",
    start: () => startProgram({ program, arguments: (path) => [...flags, path], config }),
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
}

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
  guarantee: "acknowledged = on disk",
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
