import { makeCertificate } from "../../src/crypto/certificate.ts";
import type { Link } from "../../src/io/link/link.ts";
import { WsClientLink } from "../../src/io/ws/client-link.ts";
import { wsDial } from "../../src/io/ws/dial.ts";
import { listenWs } from "../../src/io/ws/listener.ts";
import { linkCompliance } from "./link/link-compliance.ts";

const tls = await makeCertificate();
const host = "127.0.0.1";
const http = () => new Response("page");
const dial = wsDial();

function wsClient(link: Link): WsClientLink {
  if (link instanceof WsClientLink) return link;
  throw new Error("not a client's WebSocket link");
}

linkCompliance("ws", {
  listen: (events) => listenWs({ host, port: 0, tls, http }, events),
  dial: ({ port }) => dial({ host, port, timeoutMs: 5_000 }),
  stall: (client) => {
    wsClient(client).pause();
    return () => wsClient(client).resume();
  },
  sever: (client) => client.destroy(),
});
