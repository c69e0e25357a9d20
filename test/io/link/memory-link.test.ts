import { systemClock } from "../../../src/io/clock.ts";
import type { Link } from "../../../src/io/link/link.ts";
import { MemoryLink, MemoryNetwork } from "../../../src/io/link/memory-network.ts";
import { linkCompliance } from "./link-compliance.ts";

const network = new MemoryNetwork(systemClock());
const certificateHash = new Uint8Array(32).fill(7);

function memory(link: Link): MemoryLink {
  if (link instanceof MemoryLink) return link;
  throw new Error("not a memory link");
}

linkCompliance("memory", {
  listen: (events) => network.listen({ host: "10.0.0.1", port: 0, certificateHash }, events),
  dial: ({ port }) => network.dialFrom("10.0.0.2")({ host: "10.0.0.1", port, timeoutMs: 1_000 }),
  stall: (client) => memory(client).stall(),
  sever: (client) => memory(client).cut(),
});
