import { createSocket } from "node:dgram";
import { createServer } from "node:net";

/**
 * Reserved ports for services that restart on the same port, and for connections that must be
 * refused. A port that the system chooses (port 0) is unsuitable, because the system may assign it
 * to a concurrent test after it is closed.
 */

/** Below the ephemeral ports: Linux from 32768 on, others from 49152. */
const PORT_FIRST = 10_240;
const PORT_END = 32_768;
/** Ports per process, so that concurrent test files do not collide. */
const BLOCK_PORTS = 128;
const BLOCKS = Math.floor((PORT_END - PORT_FIRST) / BLOCK_PORTS);

let block: Promise<number> | undefined;
let nextOffset = 0;

export async function reservedPort(): Promise<number> {
  block ??= claimBlock();
  const first = await block;
  for (let tries = 1; tries < BLOCK_PORTS; tries++) {
    const port = first + 1 + (nextOffset++ % (BLOCK_PORTS - 1));
    if ((await canListen(port, false)) && (await isFreeForUdp(port))) return port;
  }
  throw new Error(`all ports from ${first} to ${first + BLOCK_PORTS - 1} are in use`);
}

/** Claims a block by listening on its first port for the lifetime of the process. */
async function claimBlock(): Promise<number> {
  for (let i = 0; i < BLOCKS; i++) {
    const first = PORT_FIRST + ((process.pid + i) % BLOCKS) * BLOCK_PORTS;
    if (await canListen(first, true)) return first;
  }
  throw new Error("other processes have claimed all ports for tests");
}

function canListen(port: number, keepsListening: boolean): Promise<boolean> {
  const server = createServer().unref();
  return new Promise((resolve) => {
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => {
      if (keepsListening) resolve(true);
      else server.close(() => resolve(true));
    });
  });
}

function isFreeForUdp(port: number): Promise<boolean> {
  const socket = createSocket("udp4");
  return new Promise((resolve) => {
    socket.once("error", () => socket.close(() => resolve(false)));
    socket.bind(port, "127.0.0.1", () => socket.close(() => resolve(true)));
  });
}
