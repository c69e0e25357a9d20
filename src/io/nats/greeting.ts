/** Detects NATS servers that accept connections but do not respond. */

import { connect } from "node:net";
import { CLUSTER_ANSWER_TIMEOUT_MS } from "../../base/limits-cluster.ts";

const PORT_DEFAULT = 4222;

export async function unresponsiveServers(urls: readonly string[]): Promise<readonly string[]> {
  const answers = await Promise.all(urls.map(answersNats));
  return urls.filter((_, at) => answers[at] !== true);
}

function answersNats(url: string): Promise<boolean> {
  const { protocol, hostname, port } = new URL(url);
  const host = hostname.replace(/^\[|\]$/g, "");
  // With `handshake_first`, the server sends nothing before TLS, so a successful connection must
  // suffice.
  const sign = protocol === "tls:" ? "connect" : "data";
  return new Promise((resolve) => {
    const socket = connect({ host, port: port === "" ? PORT_DEFAULT : Number(port) });
    const end = (isResponsive: boolean) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(isResponsive);
    };
    const timer = setTimeout(() => end(false), CLUSTER_ANSWER_TIMEOUT_MS);
    socket.once(sign, () => end(true));
    socket.once("error", () => end(false));
    socket.once("end", () => end(false));
  });
}
