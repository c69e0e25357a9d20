import type { NoticeKind, RequestKind } from "../../wire/messages.ts";

/** Where a link stands in its life, and what each end may say there: see core/session. */
export type Phase = "greeting" | "entering" | "member" | "lane" | "closed";
export type Role = "client" | "server";

/** Requests before log-in; the rest is for members. Notices: by who receives them. */
const ENTRANCES: ReadonlySet<RequestKind> = new Set([
  ...(["admit", "register", "login", "link", "recover", "lane"] as const),
]);
/** On a lane nothing else is asked. */
const TRANSFERS: ReadonlySet<RequestKind> = new Set([
  ...(["offer", "finish", "withdraw", "fetch", "got"] as const),
]);
const REQUESTS_OF: Record<Phase, (kind: RequestKind) => boolean> = {
  greeting: () => false,
  entering: (kind) => ENTRANCES.has(kind),
  member: (kind) => !ENTRANCES.has(kind) && !TRANSFERS.has(kind),
  lane: (kind) => TRANSFERS.has(kind),
  closed: () => false,
};
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
    // Records may overtake the answer to a log-out, so they are let through and dropped above.
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
        "servers",
        "majority",
        "link-asked",
        "key-packages-low",
        "invited",
        "offered",
        "event",
        "disk-low",
        "announced",
      ] as const),
    ]),
    lane: new Set([
      ...(["ok", "fault", "ping", "pong", "bye"] as const),
      ...(["chunk", "ack", "durable", "held", "end"] as const),
    ]),
    closed: new Set(),
  },
};

/** Asked before log-in. */
export function isEntrance(kind: RequestKind): boolean {
  return ENTRANCES.has(kind);
}

/** Whether a client may ask that now. */
export function mayAsk(phase: Phase, kind: RequestKind): boolean {
  return REQUESTS_OF[phase](kind);
}

/** Whether this end may be told that now. */
export function mayTell(role: Role, phase: Phase, kind: NoticeKind): boolean {
  return NOTICES_OF[role][phase].has(kind);
}
