/** Traffic counters per transport. */

import type { Transport } from "../../io/link/link.ts";
import type { ClientConnection } from "../session/client-connection.ts";

interface Traffic {
  links: number;
  receivedBytes: number;
  sentBytes: number;
  receivedPackets: number;
  sentPackets: number;
  lostPackets: number;
}

const TRANSPORTS = ["tcp", "udp", "irc"] as const satisfies readonly Transport[];

export class TransportMetrics {
  readonly #closed = new Map<Transport, Traffic>();

  onClosed(client: ClientConnection): void {
    const { transport } = client.link;
    const sum = this.#closed.get(transport) ?? { ...NO_TRAFFIC };
    add(sum, client);
    this.#closed.set(transport, sum);
  }

  format(peers: Iterable<ClientConnection>): string {
    const sums = new Map(
      TRANSPORTS.map((transport) => [
        transport as Transport,
        { ...NO_TRAFFIC, ...this.#closed.get(transport) },
      ]),
    );
    for (const client of peers) {
      const sum = sums.get(client.link.transport);
      if (sum === undefined) continue;
      add(sum, client);
      sum.links++;
    }
    return ROWS.map(([name, type, help, key]) => {
      const lines = [...sums]
        .filter(([transport]) => transport === "udp" || !key.endsWith("Packets"))
        .map(([transport, sum]) => `${name}{transport="${transport}"} ${sum[key]}\n`);
      return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join("")}`;
    }).join("");
  }
}

const ROWS: readonly (readonly [string, "gauge" | "counter", string, keyof Traffic])[] = [
  ["chat_transport_links", "gauge", "Connections and data channels.", "links"],
  [
    "chat_transport_received_bytes_total",
    "counter",
    "Bytes of messages received.",
    "receivedBytes",
  ],
  ["chat_transport_sent_bytes_total", "counter", "Bytes of messages sent.", "sentBytes"],
  ["chat_transport_received_packets_total", "counter", "Datagrams received.", "receivedPackets"],
  ["chat_transport_sent_packets_total", "counter", "Datagrams sent.", "sentPackets"],
  ["chat_transport_lost_packets_total", "counter", "Datagrams lost and resent.", "lostPackets"],
];

const NO_TRAFFIC: Readonly<Traffic> = {
  links: 0,
  receivedBytes: 0,
  sentBytes: 0,
  receivedPackets: 0,
  sentPackets: 0,
  lostPackets: 0,
};

function add(sum: Traffic, { link, channel }: ClientConnection): void {
  const counters = link.counters();
  sum.receivedBytes += counters.receivedBytes;
  sum.sentBytes += counters.sentBytes;
  if (channel !== undefined) return;
  sum.receivedPackets += counters.receivedPackets ?? 0;
  sum.sentPackets += counters.sentPackets ?? 0;
  sum.lostPackets += counters.lostPackets ?? 0;
}
