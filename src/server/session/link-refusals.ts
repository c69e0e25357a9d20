/** Connections that the server refused: their numbers, and a warning now and then. */

import { Fault, msg } from "../../base/fault.ts";
import { LINK_REFUSALS_REPORTED_INTERVAL_MS } from "../../base/limits.ts";
import type { Clock } from "../../io/clock.ts";
import { addressKey, type LinkRefusal } from "./connection-limits.ts";

export type RefusedLinks = Record<LinkRefusal, number>;

export class LinkRefusals {
  readonly counts: RefusedLinks = { server: 0, address: 0, logins: 0, flood: 0 };
  readonly #reportedAt = new Map<LinkRefusal, number>();

  constructor(
    private readonly clock: Pick<Clock, "now">,
    private readonly warn: (fault: Fault) => void,
  ) {}

  /** @param max limit that is reached; of a flood, 0 */
  note(refusal: LinkRefusal, host: string, max: number): void {
    this.counts[refusal]++;
    const now = this.clock.now();
    const before = this.#reportedAt.get(refusal) ?? Number.NEGATIVE_INFINITY;
    if (now - before < LINK_REFUSALS_REPORTED_INTERVAL_MS) return;
    this.#reportedAt.set(refusal, now);
    this.warn(warningOf(refusal, addressKey(host), max));
  }
}

function warningOf(refusal: LinkRefusal, address: string, max: number): Fault {
  switch (refusal) {
    case "server":
      return new Fault("too-many", msg`refuses connections: all ${max} are in use`, {
        remedy: msg`raise the limit of open files, or use more servers`,
      });
    case "address":
      return new Fault("too-many", msg`refuses connections of ${address}: ${max} are in use`, {
        remedy: msg`if many people share this address: ${"chat serve --links-per-address N"}`,
      });
    case "logins":
      return new Fault(
        "too-many",
        msg`refuses connections of ${address}: ${max} of them have not logged in`,
        { remedy: msg`if many people share this address: ${"chat serve --logins-per-address N"}` },
      );
    case "flood":
      return new Fault("too-fast", msg`refuses connections of ${address}, which sent too much`);
  }
}
