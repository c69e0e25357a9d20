import { createSocket, type Socket } from "node:dgram";
import type { MulticastDnsNetwork } from "../../../src/io/lan/discovery.ts";

const GROUP = "224.0.0.251";

export function privateNetwork(): MulticastDnsNetwork {
  const port = 20_000 + Math.floor(Math.random() * 30_000);
  return { group: GROUP, port, interfaces: () => ["127.0.0.1"] };
}

export class RawSpeaker {
  readonly #socket: Socket;
  readonly #port: number;
  readonly received: Uint8Array[] = [];

  private constructor(socket: Socket, port: number) {
    this.#socket = socket;
    this.#port = port;
    socket.on("message", (bytes) => this.received.push(new Uint8Array(bytes)));
  }

  static async open(
    { group, port }: MulticastDnsNetwork,
    from = port,
    isMember = true,
  ): Promise<RawSpeaker> {
    const socket = createSocket({ type: "udp4", reuseAddr: true });
    await new Promise<void>((resolve, reject) => {
      socket.once("error", reject);
      socket.bind(from, "0.0.0.0", () => resolve());
    });
    if (isMember) socket.addMembership(group, "127.0.0.1");
    socket.setMulticastInterface("127.0.0.1");
    socket.setMulticastLoopback(true);
    return new RawSpeaker(socket, port);
  }

  say(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#socket.send(bytes, 0, bytes.length, this.#port, GROUP, (error) =>
        error ? reject(error) : resolve(),
      );
    });
  }

  [Symbol.dispose](): void {
    this.#socket.close();
  }
}

export function header(isAnswer: boolean, counts: readonly [number, number, number, number]) {
  return Uint8Array.from([
    ...[0, 0, isAnswer ? 0x84 : 0, 0],
    ...counts.flatMap((count) => [count >> 8, count & 255]),
  ]);
}

function nameBytes(name: readonly string[]): number[] {
  const labels = name.flatMap((label) => {
    const bytes = [...Buffer.from(label, "latin1")];
    return [bytes.length, ...bytes];
  });
  return [...labels, 0];
}

function record(name: readonly string[], type: number, data: readonly number[], ttl = 120) {
  const fixed = [type >> 8, type & 255, 0, 1, 0, 0, ttl >> 8, ttl & 255];
  return [...nameBytes(name), ...fixed, data.length >> 8, data.length & 255, ...data];
}

const SERVICE = ["_chat", "_tcp", "local"];
const SHARE_SERVICE = ["_chat-share", "_tcp", "local"];

export function question(count = 1, name: readonly string[] = SERVICE): Uint8Array {
  const one = [...nameBytes(name), 0, 12, 0, 1];
  const all = Array.from({ length: count }, () => one).flat();
  return Uint8Array.from([...header(false, [count, 0, 0, 0]), ...all]);
}

export function forged(label: string, port: number, text: readonly string[]): Uint8Array {
  return forgedAll([label], port, text);
}

export function forgedShare(label: string, port: number, text: readonly string[] = []): Uint8Array {
  return forgedAll([label], port, text, SHARE_SERVICE);
}

export function forgedAll(
  labels: readonly string[],
  port: number,
  text: readonly string[],
  serviceName: readonly string[] = SERVICE,
): Uint8Array {
  const records = labels.flatMap((label) => serviceRecords(label, port, text, serviceName));
  return Uint8Array.from([...header(true, [0, records.length, 0, 0]), ...records.flat()]);
}

/** One record in each datagram, as a reflector may send them. */
export function reflected(label: string, port: number, text: readonly string[]): Uint8Array[] {
  return serviceRecords(label, port, text, SERVICE).map((bytes) =>
    Uint8Array.from([...header(true, [0, 1, 0, 0]), ...bytes]),
  );
}

function serviceRecords(
  label: string,
  port: number,
  text: readonly string[],
  serviceName: readonly string[],
): number[][] {
  const strings = text.flatMap((string) => {
    const bytes = [...Buffer.from(string, "utf8")];
    return [bytes.length, ...bytes];
  });
  const service = [0, 0, 0, 0, port >> 8, port & 255, ...nameBytes(["forged", "local"])];
  const full = [label, ...serviceName];
  return [
    record(serviceName, 12, nameBytes(full)),
    record(full, 33, service),
    record(full, 16, strings),
  ];
}
