import { makeCertificate } from "../../src/crypto/certificate.ts";
import type { Link } from "../../src/io/link/link.ts";
import { WsClientLink } from "../../src/io/ws/client-link.ts";
import { wsDial } from "../../src/io/ws/dial.ts";
import { listenWs, type WsTls } from "../../src/io/ws/listener.ts";
import { linkCompliance } from "./link/link-compliance.ts";
import type { LinkSetup } from "./link-bench.ts";

const certificate = await makeCertificate();

function setup(tls: WsTls | false): LinkSetup {
  const http = () => new Response("page");
  const dial = wsDial({ tls: tls !== false });
  const host = "127.0.0.1";
  return {
    listen: (events) => listenWs({ host, port: 0, tls, http }, events),
    dial: ({ port }) => dial({ host, port, timeoutMs: 5_000 }),
    stall: (client) => {
      wsClient(client).pause();
      return () => wsClient(client).resume();
    },
    sever: (client) => client.destroy(),
  };
}

function wsClient(link: Link): WsClientLink {
  if (link instanceof WsClientLink) return link;
  throw new Error("not a client's WebSocket link");
}

linkCompliance("ws", setup(certificate));
linkCompliance("ws without TLS", setup(false));
