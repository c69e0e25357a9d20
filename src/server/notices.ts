/** Notices to all sessions about announcements, disk space and the cluster's majority. */

import { isDiskFull } from "../base/disk-space.ts";
import type { Fault } from "../base/fault.ts";
import type { UserId } from "../base/ids.ts";
import { defined } from "../base/values.ts";
import type { CurrentAnnouncement } from "../core/rooms/policy.ts";
import { refusalReason } from "../io/cluster/majority.ts";
import type { NoticeOf } from "../wire/messages.ts";
import type { LogRecord } from "../wire/record.ts";
import type { DiskWatch } from "./admin/disk-watch.ts";
import { isOperating } from "./auth/operator-link.ts";
import type { ServerContext } from "./kernel/context.ts";
import type { ClientConnection } from "./session/client-connection.ts";

interface ServerNoticesOptions extends ServerContext {
  readonly disk: Pick<DiskWatch, "state"> | undefined;
}

export class ServerNotices {
  #reportedDiskLow = false;
  #majorityFault: Fault | undefined;

  constructor(private readonly options: ServerNoticesOptions) {}

  onLogin(client: ClientConnection): void {
    const { announced } = this.options.registry.policy;
    if (announced !== undefined) client.notify(this.#announcement(announced));
    const { rules } = this.options.registry.policy;
    if (Object.keys(rules).length > 0) client.notify({ kind: "server-rules", ...rules });
    this.#sendMajority(client);
    this.#sendVersion(client);
    if (isOperating(client, client.member?.account, this.options.registry))
      client.notify({ kind: "operator", on: true });
  }

  onAccountRecord({ head: { kind, by, time, room: subject } }: LogRecord): void {
    const { registry, peers } = this.options;
    if (kind === "role") {
      for (const client of peers.of(subject as UserId)) {
        const on = isOperating(client, client.member?.account, registry);
        client.notify({ kind: "operator", on });
      }
    }
    if (kind === "server-rules")
      for (const client of peers.members()) client.notify({ kind, ...registry.policy.rules });
    if (kind !== "announcement") return;
    const notice = this.#announcement(registry.policy.announced ?? { text: "", by, time });
    for (const client of peers.members()) client.notify(notice);
  }

  tick(): void {
    this.#sendDiskState();
    const { sequencer, peers, onEvent } = this.options;
    const fault = sequencer.majorityFault();
    if (fault !== this.#majorityFault) onEvent({ kind: "majority", fault });
    this.#majorityFault = fault;
    for (const client of peers.members()) {
      this.#sendMajority(client);
      this.#sendVersion(client);
    }
  }

  #announcement({ text, by, time }: CurrentAnnouncement): NoticeOf<"announced"> {
    const name = this.options.registry.nameOf(by) ?? "server";
    return { kind: "announced", text, by: name, time };
  }

  #sendDiskState(): void {
    const { disk, peers, registry } = this.options;
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

  /** After the last server of a cluster was upgraded, for example. */
  #sendVersion(client: ClientConnection): void {
    const { handshake } = client;
    const version = this.options.sequencer.knownVersion();
    if (handshake === undefined || handshake.clusterKnows === version) return;
    handshake.clusterKnows = version;
    client.notify({ kind: "cluster-knows", version });
  }

  #sendMajority(client: ClientConnection): void {
    const { member } = client;
    const fault = this.options.sequencer.majorityFault();
    const refusal = refusalReason(fault);
    const outage = fault && (refusal ?? "");
    if (member === undefined || outage === member.reportedOutage) return;
    member.reportedOutage = outage;
    client.notify(defined({ kind: "majority", on: fault === undefined, refusal }));
  }
}
