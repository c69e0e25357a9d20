/** Lower bound for a chat server on Bun: a room without names, permissions or checks. */
import { open } from "node:fs/promises";
import { makeCertificate } from "../src/crypto/certificate.ts";
import { TEXT_BYTES } from "./fan-out-contestant.ts";

type Socket = Bun.ServerWebSocket<undefined>;

const ROOM = "room";
const ACKNOWLEDGEMENT = Uint8Array.of(3);
const certificate = await makeCertificate();
const file = await open(process.argv[2] ?? "", "a");
let queue: [Socket, Buffer][] = [];
let isWriting = false;

const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  tls: { cert: certificate.certPem, key: certificate.keyPem },
  fetch: (request, self) => (self.upgrade(request) ? undefined : new Response()),
  websocket: {
    perMessageDeflate: false,
    message: (socket, message) => {
      if (message.length === TEXT_BYTES) {
        queue.push([socket, Buffer.from(message)]);
        if (!isWriting) void write();
      } else if (message[0] === 1) {
        socket.subscribe(ROOM);
        socket.send(message);
      }
    },
  },
});
process.stdout.write(String(server.port));

/** Posts that arrive during a sync share the next write and sync. */
async function write(): Promise<void> {
  isWriting = true;
  while (queue.length > 0) {
    const batch = queue;
    queue = [];
    await file.write(Buffer.concat(batch.map(([, message]) => message)));
    await file.datasync();
    for (const [socket, message] of batch) {
      server.publish(ROOM, message);
      socket.send(ACKNOWLEDGEMENT);
    }
  }
  isWriting = false;
}
