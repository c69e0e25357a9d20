import type { Link } from "../../src/io/link/link.ts";
import { MemoryLink } from "../../src/io/link/memory-network.ts";

/** Makes the server regard an in-memory link as the first stream of a QUIC connection. */
export function overUdpAtServer(link: Link, more: Partial<Link> = {}): void {
  if (!(link instanceof MemoryLink)) throw new Error("not a link in memory");
  Object.assign(link.peer, { transport: "udp", ...more });
}
