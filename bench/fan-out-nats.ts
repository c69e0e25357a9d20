/** NATS JetStream with file storage; readers use core subscriptions. */
import { type Contestant, TEXT_BYTES } from "./fan-out-contestant.ts";
import { findProgram, type ServerInstance, startProgram } from "./fan-out-program.ts";
import { makePoster, TextClient } from "./text-client.ts";

const ROOM = "bench";
const PATTERN = { marker: ` ${TEXT_BYTES}\r\n`, length: TEXT_BYTES };
const ACKNOWLEDGEMENT = { marker: '"seq":', length: 0 };
const STREAM = { name: "bench", subjects: [ROOM, "own.*"], storage: "file", num_replicas: 1 };

const config = ({ port, folder }: ServerInstance) => `
listen: "127.0.0.1:${port}"
tls { cert_file: "${folder}/cert.pem", key_file: "${folder}/key.pem", timeout: 30 }
jetstream {
  store_dir: "${folder}/store"
  ${syncsAlways() ? "sync_interval: always" : ""}
}
`;

export const nats: Contestant = {
  name: "NATS JetStream",
  program: "nats-server",
  get guarantee() {
    return syncsAlways() ? "acknowledged = on disk" : "may lose the last 2 minutes";
  },
  start: async () => {
    const server = await startProgram({
      program: "nats-server",
      arguments: (path) => ["-c", path],
      config,
    });
    try {
      await createStream(server.port);
    } catch (error) {
      await server.stop();
      throw error;
    }
    return server;
  },
  makeReader: async (port, _, sink) => {
    const client = await connect(port, ROOM);
    client.watch(PATTERN, (bytes, offset) => sink.delivered(bytes, offset));
    return client;
  },
  makeSender: async (port, index) => {
    const client = await connect(port, `ack.${index}`);
    const send = (text: string) => client.send(publish(ROOM, `ack.${index}`, text));
    return { send, close: () => client.close() };
  },
  makePoster: async (port, index) => {
    const client = await connect(port, `ack.${index}`);
    const send = (text: string) => client.send(publish(`own.${index}`, `ack.${index}`, text));
    return makePoster(client, ACKNOWLEDGEMENT, send);
  },
};

async function createStream(port: number): Promise<void> {
  const client = await connect(port, "created");
  const create = JSON.stringify(STREAM);
  const subject = "$JS.API.STREAM.CREATE.bench created";
  await client.request(`PUB ${subject} ${create.length}\r\n${create}\r\n`, '"config"');
  client.close();
}

async function connect(port: number, subject: string): Promise<TextClient> {
  const client = await TextClient.connect(port, { greeting: "\r\n" });
  const options = JSON.stringify({ verbose: false, tls_required: true });
  await client.request(`CONNECT ${options}\r\nSUB ${subject} 1\r\nPING\r\n`, "PONG\r\n");
  return client;
}

function publish(subject: string, reply: string, text: string): string {
  return `PUB ${subject} ${reply} ${text.length}\r\n${text}\r\n`;
}

/** NATS supports the setting since 2.10; Debian 12 has 2.9. */
function syncsAlways(): boolean {
  const path = findProgram("nats-server");
  if (path === undefined) return false;
  const { stdout } = Bun.spawnSync([path, "--version"]);
  const version = stdout
    .toString()
    .replace(/^.*v(?=\d)/, "")
    .trim();
  return Bun.semver.order(version, "2.10.0") >= 0;
}
