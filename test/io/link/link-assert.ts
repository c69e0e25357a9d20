/** Separate process for inbox.test.ts, which throws inside the named handler. */
import { assert } from "../../../src/base/assert.ts";
import type { LinkHandlers } from "../../../src/io/link/link.ts";
import { wsDial } from "../../../src/io/ws/dial.ts";
import { listenWs } from "../../../src/io/ws/listener.ts";

// During a top-level await, Bun 1.4.4 only prints uncaught errors.
process.on("uncaughtException", (error) => {
  process.stderr.write(String(error));
  process.exit(1);
});

const broken = process.argv[2] ?? "";
const hit = (where: string) => {
  assert(where !== broken, `broken in ${where}`);
  if (`${where} error` === broken) throw new TypeError(`broken in ${where}`);
};

const listener = listenWs(
  {
    host: "127.0.0.1",
    port: 0,
    tls: false,
    http: () => {
      hit("http");
      return new Response();
    },
  },
  {
    accept: () => {
      hit("accept");
      return true;
    },
    link: (link) => {
      hit("link");
      link.receive(handlers("server", (bytes) => link.send(bytes)));
    },
  },
);

function handlers(side: string, then: (bytes: Uint8Array) => void): LinkHandlers {
  return {
    message: (bytes) => {
      hit(`${side} message`);
      then(bytes);
    },
    closed: () => hit(`${side} closed`),
  };
}

await fetch(`http://127.0.0.1:${listener.port}/`);
const dial = wsDial({ tls: false });
const client = await dial({ host: "127.0.0.1", port: listener.port, timeoutMs: 5_000 });
const echoed = Promise.withResolvers<void>();
client.receive(handlers("client", () => echoed.resolve()));
client.send(Uint8Array.of(1));
await echoed.promise;
client.close();
await listener.stop();
