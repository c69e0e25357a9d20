import { createSocket } from "node:dgram";
import { createServer } from "node:net";

/**
 * Ports for what is stopped and started again on the same one, and for "nobody listens there". A
 * port that the system chose (port 0) will not do: as soon as it is let go, the system may give it
 * to another test that runs at the same time.
 */

/** Below what systems choose from: Linux from 32768 on, others from 49152. */
const FIRST = 10_240;
const END = 32_768;
/** Each process takes from a block of its own: two test files at once do not meet. */
const EACH = 128;
const BLOCKS = Math.floor((END - FIRST) / EACH);

let block: Promise<number> | undefined;
let taken = 0;

/** A port of loopback that nobody uses, over TCP or UDP, and that nobody is given by chance. */
export async function reservedPort(): Promise<number> {
  block ??= claimedBlock();
  const first = await block;
  for (let tries = 1; tries < EACH; tries++) {
    const port = first + 1 + (taken++ % (EACH - 1));
    if ((await canListen(port, false)) && (await isFreeForUdp(port))) return port;
  }
  throw new Error(`all ports from ${first} to ${first + EACH - 1} are in use`);
}

/** The process listens on the first port of its block as long as it lives: a lock. */
async function claimedBlock(): Promise<number> {
  for (let i = 0; i < BLOCKS; i++) {
    const first = FIRST + ((process.pid + i) % BLOCKS) * EACH;
    if (await canListen(first, true)) return first;
  }
  throw new Error("other processes have claimed all ports for tests");
}

/** @param isKept the process goes on listening there */
function canListen(port: number, isKept: boolean): Promise<boolean> {
  const server = createServer().unref();
  return new Promise((resolve) => {
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => {
      if (isKept) resolve(true);
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
