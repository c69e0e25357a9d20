/** Mosquitto with persistent sessions and QoS 1. */
import { type Contestant, TEXT_BYTES } from "./fan-out-contestant.ts";
import { type ServerInstance, startProgram } from "./fan-out-program.ts";
import { makePoster, TextClient } from "./text-client.ts";

const ROOM = "bench";
const PACKET_ID_BYTES = 2;
const PACKET_ID_MAX = 65_535;
const PUBACK = "\x40\x02";

const config = ({ port, folder }: ServerInstance) => `
listener ${port} 127.0.0.1
certfile ${folder}/cert.pem
keyfile ${folder}/key.pem
allow_anonymous true
user root
persistence true
persistence_location ${folder}/
autosave_interval 1
max_queued_messages 0
log_dest none
`;

export const mosquitto: Contestant = {
  name: "Mosquitto",
  program: "mosquitto",
  guarantee: "may lose the last second; no history",
  start: () => startProgram({ program: "mosquitto", arguments: (path) => ["-c", path], config }),
  makeReader: async (port, index, sink) => {
    const client = await connect(port, `r${index}`);
    await client.request(subscribe(ROOM), "\x90\x03");
    let acknowledgements: number[] = [];
    client.watch(
      { marker: field(ROOM), gap: PACKET_ID_BYTES, length: TEXT_BYTES },
      (bytes, offset) => {
        acknowledgements.push(0x40, 2, bytes[offset - 2] ?? 0, bytes[offset - 1] ?? 0);
        sink.delivered(bytes, offset);
      },
      () => {
        if (acknowledgements.length > 0) client.send(Buffer.from(acknowledgements));
        acknowledgements = [];
      },
    );
    return client;
  },
  makeSender: async (port, index) => {
    const client = await connect(port, `s${index}`);
    return { send: publisher(client, ROOM), close: () => client.close() };
  },
  makePoster: async (port, index) => {
    const client = await connect(port, `p${index}`);
    const acknowledgement = { marker: PUBACK, length: PACKET_ID_BYTES };
    return makePoster(client, acknowledgement, publisher(client, `own${index}`));
  },
};

async function connect(port: number, clientId: string): Promise<TextClient> {
  const client = await TextClient.connect(port);
  // MQTT 3.1.1 with the flag for a persistent session and without keep-alive.
  await client.request(
    packet(0x10, `${field("MQTT")}\x04\x00\x00\x00${field(clientId)}`),
    "\x20\x02",
  );
  return client;
}

function publisher(client: TextClient, topic: string): (text: string) => void {
  let id = 0;
  return (text) => {
    id = (id % PACKET_ID_MAX) + 1;
    client.send(publish(topic, id, text));
  };
}

export function publish(topic: string, id: number, text: string): string {
  return packet(0x32, `${field(topic)}${uint16(id)}${text}`);
}

export function subscribe(topic: string): string {
  return packet(0x82, `${uint16(1)}${field(topic)}\x01`);
}

/** The length fits into one byte up to 127. */
function packet(type: number, body: string): string {
  return String.fromCharCode(type, body.length) + body;
}

function field(text: string): string {
  return uint16(text.length) + text;
}

function uint16(value: number): string {
  return String.fromCharCode(value >> 8, value & 0xff);
}
