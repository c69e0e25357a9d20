import type { Clock } from "../io/clock.ts";
import type { Peer } from "../server/peer.ts";
import { formatPlace } from "../wire/invite.ts";
import type { ServePrinter } from "./_serve-print.ts";
import { countersLine } from "./_stats.ts";

const EVERY_MS = 1_000;

/**
 * `--verbose`: once a second a line for each link on which something has happened: how many of its
 * requests were acknowledged since it is there, and what its transport counts.
 * @returns what ends it
 */
export function tellStats(
  clock: Clock,
  printer: Pick<ServePrinter, "line">,
  peers: () => Iterable<Peer>,
): () => void {
  let told = new Map<number, string>(); // Of the links there are.
  const tell = () => {
    const seen = new Map<number, string>();
    for (const peer of peers()) {
      if (peer.lane !== undefined || !peer.isGreeted) continue;
      const counters = peer.link.counters();
      const { sentMessages, receivedMessages, sentPackets, receivedPackets } = counters;
      const mark = [sentMessages, receivedMessages, sentPackets, receivedPackets].join();
      seen.set(peer.id, mark);
      if (told.get(peer.id) === mark) continue;
      const { address, transport } = peer.origin;
      const user = peer.account?.name;
      const { acknowledged } = peer;
      const fields = {
        ...(user === undefined ? {} : { user }),
        address: formatPlace(address),
        transport,
        acknowledged,
      };
      const who = Object.values({ ...fields, acknowledged: `ACK ${acknowledged}:` }).join(" ");
      printer.line("stats", { ...fields, ...counters }, `${who} ${countersLine(counters)}`);
    }
    told = seen;
    cancel = clock.after(EVERY_MS, tell);
  };
  let cancel = clock.after(EVERY_MS, tell);
  return () => cancel();
}
