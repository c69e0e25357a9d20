import { utf8Encode } from "../src/base/bytes.ts";
import type { Client, Contestant, Poster, Sender, Sink } from "./fan-out-contestant.ts";
import { carriesRecords, RawClient } from "./raw-client.ts";
import { startServer } from "./server-process.ts";

const FIELD = utf8Encode('"text":"');

export const chatServer: Contestant = {
  name: "chat serve",
  start: () => startServer(),
  makeReader,
  makeSender,
  makePoster,
};

async function makeReader(port: number, index: number, sink: Sink): Promise<Client> {
  const client = await RawClient.register(port, `reader-${index}`);
  client.onBytes = (bytes) => forEachText(bytes, (offset) => sink.delivered(bytes, offset));
  return client;
}

function forEachText(bytes: Uint8Array, onText: (offset: number) => void): boolean {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  let at = buffer.indexOf(FIELD);
  if (at < 0) return false;
  for (; at >= 0; at = buffer.indexOf(FIELD, at + FIELD.length)) onText(at + FIELD.length);
  return true;
}

async function makeSender(port: number, index: number): Promise<Sender> {
  const client = await RawClient.register(port, `sender-${index}`);
  client.onBytes = (bytes) => forEachText(bytes, () => undefined);
  return { send: (text) => void client.post("lobby", text), close: () => client.close() };
}

async function makePoster(port: number, index: number): Promise<Poster> {
  const client = await RawClient.register(port, `p${index}`);
  await client.request("leave", { room: "lobby" });
  client.onBytes = carriesRecords;
  // Each poster posts to itself, because fan-out is measured elsewhere.
  return { post: (text) => client.post(`@p${index}`, text), close: () => client.close() };
}
