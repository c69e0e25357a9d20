/** Notices to all sessions about announcements, disk space and the cluster's majority. */

import { isDiskFull } from "../base/disk-space.ts";
import type { Fault } from "../base/fault.ts";
import type { CurrentAnnouncement } from "../core/rooms/policy.ts";
import type { NoticeOf } from "../wire/messages.ts";
import type { Head } from "../wire/record.ts";
import { isOperating } from "./auth/operator-link.ts";
import type { Services } from "./services/services.ts";
import type { ClientConnection } from "./session/client-connection.ts";

export class ServerNotices {
  readonly #services: Services;
  #reportedDiskLow = false;
  #majorityFault: Fault | undefined;

  constructor(services: Services) {
    this.#services = services;
  }

  onLogin(client: ClientConnection): void {
    const { announced } = this.#services.registry.policy;
    if (announced !== undefined) client.notify(this.#announcement(announced));
    this.#sendMajority(client);
  }

  sendAnnouncement({ by, time }: Head): void {
    const { registry, peers } = this.#services;
    const notice = this.#announcement(registry.policy.announced ?? { text: "", by, time });
    for (const client of peers.members()) client.notify(notice);
  }

  tick(): void {
    this.#sendDiskState();
    const { sequencer, peers, onEvent } = this.#services;
    const fault = sequencer.majorityFault();
    if (fault !== this.#majorityFault) onEvent({ kind: "majority", fault });
    this.#majorityFault = fault;
    for (const client of peers.members()) this.#sendMajority(client);
  }

  #announcement({ text, by, time }: CurrentAnnouncement): NoticeOf<"announced"> {
    const name = this.#services.registry.nameOf(by) ?? "server";
    return { kind: "announced", text, by: name, time };
  }

  #sendDiskState(): void {
    const { disk, peers, registry } = this.#services;
    const state = disk?.state;
    if (state === undefined || !(state.isLow || this.#reportedDiskLow)) return;
    const { freeBytes, keepFreeBytes, isLow } = state;
    const level = isLow ? (isDiskFull(state) ? "full" : "low") : undefined;
    for (const client of peers.members()) {
      const { member } = client;
      if (member === undefined || member.reportedDiskLevel === level) continue;
      if (!isOperating(client, member.account, registry)) continue;
      member.reportedDiskLevel = level;
      client.notify({ kind: "disk-low", on: isLow, freeBytes, keepFreeBytes });
    }
    this.#reportedDiskLow = isLow;
  }

  #sendMajority(client: ClientConnection): void {
    const { member } = client;
    const on = this.#services.sequencer.majorityFault() === undefined;
    if (member === undefined || on === (member.reportedMajority ?? true)) return;
    member.reportedMajority = on;
    client.notify({ kind: "majority", on });
  }
}
