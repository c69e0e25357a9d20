/** IRCv3 capabilities of the gateway, as bits of one number. */

export const CAP = {
  tags: 1 << 0,
  time: 1 << 1,
  batch: 1 << 2,
  label: 1 << 3,
  echo: 1 << 4,
  accountTag: 1 << 5,
  accountNotify: 1 << 6,
  awayNotify: 1 << 7,
  extendedJoin: 1 << 8,
  inviteNotify: 1 << 9,
  hostsInNames: 1 << 10,
  multiPrefix: 1 << 11,
  standardReplies: 1 << 12,
  history: 1 << 13,
  playback: 1 << 14,
  readMarker: 1 << 15,
  multiline: 1 << 16,
  redaction: 1 << 17,
  rename: 1 << 18,
  preAway: 1 << 19,
  noNames: 1 << 20,
  extendedMonitor: 1 << 21,
  sasl: 1 << 22,
  capNotify: 1 << 23,
  draftNoNames: 1 << 24,
} as const;

/** Capabilities that change how a record of a room is rendered. */
export const RENDER_CAPS =
  CAP.tags |
  CAP.time |
  CAP.batch |
  CAP.accountTag |
  CAP.extendedJoin |
  CAP.inviteNotify |
  CAP.multiline |
  CAP.redaction |
  CAP.rename;

export const MULTILINE_BYTES_MAX = 64 << 10;
export const MULTILINE_LINES_MAX = 500;

interface CapabilityRow {
  readonly bit: number;
  readonly value?: string;
}

const ROWS: Readonly<Record<string, CapabilityRow>> = {
  "account-notify": { bit: CAP.accountNotify },
  "account-tag": { bit: CAP.accountTag },
  "away-notify": { bit: CAP.awayNotify },
  batch: { bit: CAP.batch },
  "cap-notify": { bit: CAP.capNotify },
  "draft/channel-rename": { bit: CAP.rename },
  "draft/chathistory": { bit: CAP.history },
  "draft/event-playback": { bit: CAP.playback },
  "draft/message-redaction": { bit: CAP.redaction },
  "draft/multiline": {
    bit: CAP.multiline,
    value: `max-bytes=${MULTILINE_BYTES_MAX},max-lines=${MULTILINE_LINES_MAX}`,
  },
  "draft/no-implicit-names": { bit: CAP.draftNoNames },
  "draft/pre-away": { bit: CAP.preAway },
  "draft/read-marker": { bit: CAP.readMarker },
  "echo-message": { bit: CAP.echo },
  "extended-join": { bit: CAP.extendedJoin },
  "extended-monitor": { bit: CAP.extendedMonitor },
  "invite-notify": { bit: CAP.inviteNotify },
  "labeled-response": { bit: CAP.label },
  "message-tags": { bit: CAP.tags },
  "multi-prefix": { bit: CAP.multiPrefix },
  "no-implicit-names": { bit: CAP.noNames },
  sasl: { bit: CAP.sasl, value: "PLAIN" },
  "server-time": { bit: CAP.time },
  "standard-replies": { bit: CAP.standardReplies },
  "userhost-in-names": { bit: CAP.hostsInNames },
};
const TABLE = new Map(Object.entries(ROWS));

/** @param withValues true for a client of version 302 or later */
export function capabilityList(withValues: boolean): string[] {
  return [...TABLE].map(([name, { value }]) =>
    withValues && value !== undefined ? `${name}=${value}` : name,
  );
}

export function capabilityNames(caps: number): string[] {
  return [...TABLE].filter(([, { bit }]) => (caps & bit) !== 0).map(([name]) => name);
}

/** Returns the capabilities after `CAP REQ`, or `undefined` if the whole request is refused. */
export function requestedCapabilities(caps: number, request: string): number | undefined {
  let next = caps;
  for (const word of request.split(" ").filter((part) => part !== "")) {
    const isRemoval = word.startsWith("-");
    const row = TABLE.get(isRemoval ? word.slice(1) : word);
    if (row === undefined) return undefined;
    next = isRemoval ? next & ~row.bit : next | row.bit;
  }
  return next;
}
