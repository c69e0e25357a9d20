/** Lower bound for a chat server on Bun: a room without names, permissions, log or checks. */
import { makeCertificate } from "../src/crypto/certificate.ts";
import { listenWs } from "../src/io/ws/listener.ts";
import { TEXT_BYTES } from "./fan-out-contestant.ts";

const ROOM = "room";
const kind = process.argv[2];
const certificate = await makeCertificate();
process.stdout.write(String(kind === "link" ? serveLink() : serveBare()));

function serveBare(): number | undefined {
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    tls: { cert: certificate.certPem, key: certificate.keyPem },
    fetch: (request, self) => (self.upgrade(request) ? undefined : new Response()),
    websocket: {
      perMessageDeflate: false,
      message: (socket, message) => {
        if (message.length === TEXT_BYTES) {
          server.publish(ROOM, message);
        } else if (message[0] === 1) {
          socket.subscribe(ROOM);
          socket.send(message);
        }
      },
    },
  });
  return server.port;
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
