/** Phases of a link, and the messages allowed in each phase. */

import { type NoticeKind, type RequestKind, requestRow } from "../../wire/messages.ts";

export type Phase = "greeting" | "entering" | "member" | "lane" | "closed";
export type Role = "client" | "server";

const NOTICES_OF: Record<Role, Record<Phase, ReadonlySet<NoticeKind>>> = {
  server: {
    greeting: new Set(["hello"]),
    entering: new Set(["ping", "pong", "bye"]),
    member: new Set(["ping", "pong", "bye"]),
    lane: new Set(["chunk", "ack", "ping", "pong", "bye"]),
    closed: new Set(),
  },
  client: {
    greeting: new Set(["welcome", "bye"]),
    entering: new Set(["ok", "fault", "guess-delay", "ping", "pong", "bye"]),
    member: new Set([
      ...(["ok", "fault", "guess-delay", "ping", "pong", "bye"] as const),
      ...([
        "room",
        "room-gone",
        "records",
        "caught-up",
        "presences",
        "typing",
        "read",
        "ignored",
        "prefs-set",
        "save",
        "follow",
        "avatar-set",
        "display-name",
        "servers",
        "majority",
        "cluster-knows",
        "code-asked",
        "key-packages-low",
        "group-info-lost",
        "group-device-revoked",
        "invited",
        "uninvited",
        "offered",
        "event",
        "disk-low",
        "announced",
        "server-rules",
        "operator",
      ] as const),
    ]),
    lane: new Set([
      ...(["ok", "fault", "ping", "pong", "bye"] as const),
      ...(["chunk", "ack", "durable", "held", "prefix", "end"] as const),
    ]),
    closed: new Set(),
  },
};

export function phaseOf(kind: RequestKind): Phase {
  return requestRow(kind).phase ?? "member";
}

export function mayRequest(phase: Phase, kind: RequestKind): boolean {
  return (
    phase === phaseOf(kind) || (phase === "entering" && requestRow(kind).needsAccount === false)
  );
}

export function mayReceive(role: Role, phase: Phase, kind: NoticeKind): boolean {
  return NOTICES_OF[role][phase].has(kind);
}
