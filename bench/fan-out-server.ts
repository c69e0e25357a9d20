/** Lower bound for a chat server on Bun: a room without names, permissions, log or checks. */
import { open } from "node:fs/promises";
import { makeCertificate } from "../src/crypto/certificate.ts";
import { listenWs } from "../src/io/ws/listener.ts";
import { TEXT_BYTES } from "./fan-out-contestant.ts";

const ROOM = "room";
const ACKNOWLEDGEMENT = Uint8Array.of(3);
const [, , kind, path = ""] = process.argv;
const certificate = await makeCertificate();
process.stdout.write(String(kind === "link" ? serveLink() : await serveBare()));

type Post = (socket: Bun.ServerWebSocket<undefined>, message: Buffer) => void;

async function serveBare(): Promise<number | undefined> {
  const post: Post =
    kind === "durable" ? await postDurably() : (_, message) => server.publish(ROOM, message);
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    tls: { cert: certificate.certPem, key: certificate.keyPem },
    fetch: (request, self) => (self.upgrade(request) ? undefined : new Response()),
    websocket: {
      perMessageDeflate: false,
      message: (socket, message) => {
        if (message.length === TEXT_BYTES) {
          post(socket, message as Buffer);
        } else if (message[0] === 1) {
          socket.subscribe(ROOM);
          socket.send(message);
        }
      },
    },
  });
  return server.port;

  /** Posts that arrive during a sync share the next write and sync. */
  async function postDurably(): Promise<Post> {
    const file = await open(path, "a");
    let queue: Parameters<Post>[] = [];
    let isWriting = false;
    const write = async () => {
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
    };
    return (socket, message) => {
      queue.push([socket, Buffer.from(message)]);
      if (!isWriting) void write();
    };
  }
}

function serveLink(): number {
  const listener = listenWs(
    { host: "127.0.0.1", port: 0, tls: certificate, http: () => new Response() },
    {
      accept: () => true,
      link: (link) =>
        link.receive({
          message: (bytes) => {
            if (bytes.length === TEXT_BYTES) {
              listener.publish(ROOM, bytes);
            } else if (bytes[0] === 1) {
              link.follow(ROOM);
              link.send(bytes);
            }
          },
          closed: () => {},
        }),
    },
  );
  return listener.port;
}
